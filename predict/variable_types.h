/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types of moved variables, as the DWARF of the program has them that was built: the compiler says in it of each
 * variable the line where it is declared, and the type of its address, "&x" (cmd/compile/internal/dwarfgen).
 */
#ifndef ESCAUDIT_PREDICT_VARIABLE_TYPES_H
#define ESCAUDIT_PREDICT_VARIABLE_TYPES_H

#include "predict/prediction.h"

/*
 * Sets type, size, align and has_pointers in `variable` of moved variables. Nothing is set of those that the file does
 * not have, or has with several types; nor is it if the file cannot be read, or is stripped.
 */
void variable_types_find(struct predictions *set, const char *binary);

#endif
