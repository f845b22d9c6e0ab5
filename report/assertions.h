/* SPDX-License-Identifier: Apache-2.0 */
/* The assertions of the source, as part of the reports of an audit. */
#ifndef ESCAUDIT_REPORT_ASSERTIONS_H
#define ESCAUDIT_REPORT_ASSERTIONS_H

#include <stdio.h>

#include "audit/assertion.h"
#include "report/json.h"
#include "report/report.h"

/* The section ASSERTIONS; nothing where the source has none. a may be NULL. */
void assertions_put(FILE *f, const struct assertions *a, const struct report_options *options);
/* The list "assertions"; empty for NULL. */
void assertions_put_json(struct json_report *report, const struct assertions *a);

#endif
