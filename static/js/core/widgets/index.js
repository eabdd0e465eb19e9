/**
 * The controls that every lab has. Each registers itself under the name that schemas use; a lab
 * registers its own beside them (core/field.js).
 */

import "./changes.js";
import "./choice.js";
import "./image.js";
import "./matrix.js";
import "./number.js";
import "./object.js";
import "./point.js";
import "./slider.js";
import "./switch.js";
import "./text.js";
import "./variant.js";
