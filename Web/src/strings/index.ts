// Every text of the page. A translation is a second object of the same type, chosen here.
import { account, common, navigation } from "./common";
import { canvas } from "./canvas";
import { generate } from "./generate";
import { projects } from "./projects";
import { takes } from "./takes";
import { queue } from "./queue";
import { cut, files } from "./files";
import { operations } from "./operations";

const english = { common, account, navigation, projects, canvas, generate, takes, queue, cut, files, operations };

/** The texts of a language. */
export type Strings = typeof english;

/** The texts in the language of the page. */
export const t: Strings = english;
