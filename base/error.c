/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/strbuf.h"

int error_set(struct error *err, int code, const char *fmt, ...)
{
	struct strbuf sb = STRBUF_INIT;
	va_list ap;

	if (!err)
		return code;
	va_start(ap, fmt);
	strbuf_vaddf(&sb, fmt, ap);
	va_end(ap);
	free(err->text); /* after formatting: the old text may be among the arguments */
	err->text = strbuf_detach(&sb);
	err->code = code;
	return code;
}

int error_prefix(struct error *err, const char *fmt, ...)
{
	struct strbuf sb = STRBUF_INIT;
	va_list ap;

	if (!err)
		return -1;
	if (!err->text)
		return err->code;
	va_start(ap, fmt);
	strbuf_vaddf(&sb, fmt, ap);
	va_end(ap);
	strbuf_addf(&sb, ": %s", err->text);
	free(err->text);
	err->text = strbuf_detach(&sb);
	return err->code;
}

void error_release(struct error *err)
{
	free(err->text);
	err->text = NULL;
	err->code = 0;
}
