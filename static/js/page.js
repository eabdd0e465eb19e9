/** What every page without a lab does: the theme button. The language is a link. */

import { themeButton } from "./core/theme.js";

themeButton(document.getElementById("theme"));
