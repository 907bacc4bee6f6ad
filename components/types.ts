/** The properties of a generated type, with their documentation, some of them narrower. */
export type Narrowed<T, By> = { [P in keyof T]: P extends keyof By ? By[P] : T[P] };

/** `T`, without taking part in finding out what `T` is: a host is what `hosts` names. */
export type Only<T extends string> = [T][T extends string ? 0 : never];
