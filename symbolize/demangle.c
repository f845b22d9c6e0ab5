/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libiberty limits its recursion, not what it prints: a name of 100 bytes, each part of which refers to the one before
 * it twice, stands for gigabytes. Its calls that take a callback keep their state on the stack, so that printing is
 * left by a jump as soon as there is enough. (Of Rust's Unicode identifiers one may be lost in memory then: less than
 * the name had bytes.)
 */
#include "symbolize/demangle.h"

#include <libiberty/demangle.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"

#define PRINTED_MAX 4096

struct printer {
	struct strbuf out;
	jmp_buf enough;
};

static void print(const char *text, size_t len, void *ctx)
{
	struct printer *printer = ctx;
	size_t room = PRINTED_MAX - printer->out.len;

	strbuf_add(&printer->out, text, len < room ? len : room);
	if (len >= room) {
		strbuf_addstr(&printer->out, "...");
		longjmp(printer->enough, 1);
	}
}

bool is_mangled(const char *name)
{
	return name[0] == '_' && (name[1] == 'Z' || name[1] == 'R');
}

char *demangle(const char *name)
{
	struct printer printer = {.out = STRBUF_INIT};
	int ok = 1;

	if (!is_mangled(name))
		return NULL;
	if (setjmp(printer.enough) == 0) {
		ok = rust_demangle_callback(name, DMGL_PARAMS | DMGL_ANSI, print, &printer);
		if (!ok) {
			strbuf_clear(&printer.out);
			ok = cplus_demangle_v3_callback(name, DMGL_PARAMS | DMGL_ANSI, print, &printer);
		}
	} else {
		ok = 1;
	}
	if (!ok || !printer.out.len) {
		strbuf_release(&printer.out);
		return NULL;
	}
	return strbuf_detach(&printer.out);
}
