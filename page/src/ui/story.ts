/** What was done to a network since its first weights: what a script has to do again. */
export interface Story {
  /** The learning rate that it began with, and those set since: after how many steps. */
  learning_rate: number;
  rates: { step: number; learning_rate: number }[];
  /** The weights were set or changed by hand. */
  edited: boolean;
  /** Single samples were learned, which no call of `fit` does. */
  samples: boolean;
}

export function begun(learning_rate: number): Story {
  return { learning_rate, rates: [], edited: false, samples: false };
}
