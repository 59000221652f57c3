// postern schema: the JSON schema of postern.yaml, for an editor that completes and checks it.
import {byType} from '../config/byType.ts';
import {schemaDocument} from '../config/schemaDocument.ts';

/** Prints what postern.schema.json of the repository holds. */
export const printSchema = (): void => {
  process.stdout.write(`${JSON.stringify(byType(JSON.parse(JSON.stringify(schemaDocument()))), null, 2)}\n`);
};
