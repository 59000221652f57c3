// What a vendor's provider or entitlement source is made of, besides its settings.
import type {Aside} from '../core/aside.ts';
import type {MakeFetchingCache} from '../core/cache.ts';
import type {KeysJob} from '../providers/keyFileReading.ts';
import type {ProviderParts} from '../providers/oidc.ts';

export interface VendorParts extends ProviderParts {
  /** Caches of remote facts: memory, then Redis where there is one. */
  readonly makeCache: MakeFetchingCache;
  /** Reads large texts where they hold up no decisions. */
  readonly aside?: Aside<KeysJob>;
  /** What an operator should know; fields hold no secret. */
  readonly log: {
    info(fields: object, sentence: string): void;
    warn(fields: object, sentence: string): void;
  };
}
