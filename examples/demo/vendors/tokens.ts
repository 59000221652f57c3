// What the demos of all vendors say of their tokens: times in seconds since the epoch, and how curl sends one.

export const now = (): number => Math.floor(Date.now() / 1_000);
export const hour = (): number => now() + 3_600;
export const bearer = {header: 'Authorization: Bearer $TOKEN'};
