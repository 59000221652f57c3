// About how many bytes a value holds: what callers fill is bounded by that, for they say how large each thing is.

/** By V8 on 64 bits, rounded up: what a text, a number, a list or an object takes besides what is in it. */
const ofText = 24;
const ofNumber = 16;
const ofList = 48;
const ofObject = 56;
const ofMember = 24;

/**
 * About the bytes that a value takes in memory: texts, numbers, lists and objects of these, as JSON has them; a little too
 * many rather than too few. The length of its JSON is far less: `[{},{}]` is 7 characters, and more than 150 bytes.
 */
export const weightOf = (value: unknown): number => {
  let weight = 0;
  // What is yet to be weighed; no call for each, for others say how deep it is.
  const rest: unknown[] = [value];
  while (rest.length > 0) {
    const one = rest.pop();
    if (typeof one === 'string') weight += ofText + 2 * one.length;
    else if (typeof one !== 'object' || one === null) weight += ofNumber;
    else if (Array.isArray(one)) {
      weight += ofList + 8 * one.length;
      for (const item of one) rest.push(item);
    } else {
      weight += ofObject;
      for (const [name, member] of Object.entries(one)) {
        weight += ofMember + 2 * name.length;
        rest.push(member);
      }
    }
  }
  return weight;
};
