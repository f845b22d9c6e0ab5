/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/demangle.h"
#include "tests/unit/symbolize/go_programs.h"

Test(demangle, names)
{
	static const struct {
		const char *mangled, *written;
	} names[] = {
		{"_ZN2ns1fEi", "ns::f(int)"},
		{"_Z1fv", "f()"},
		{"_ZN12_GLOBAL__N_16hiddenEi", "(anonymous namespace)::hidden(int)"},
		{"_Z3sumRKSt6vectorIiSaIiEE", "sum(std::vector<int, std::allocator<int> > const&)"},
		{"_Z11local_classi.cold", "local_class(int) [clone .cold]"},
		/* Rust: its old mangling, which is that of C++ with a hash, and its own. */
		{"_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "core::fmt::Formatter::pad"},
		{"_RNvCs1234_7mycrate3foo", "mycrate::foo"},
		{"_RINvNtC3std3mem8align_ofjE", "std::mem::align_of::<usize>"},
		/* Neither. */
		{"main", NULL},
		{"", NULL},
		{"_", NULL},
		{"_Z", NULL},
		{"_ZN", NULL},
		{"_R", NULL},
		{"_Rest", NULL},
		{"_ZZZZ", NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *written = demangle(names[i].mangled);
		if (names[i].written)
			cr_expect_str_eq(written, names[i].written, "%s: %s", names[i].mangled, written);
		else
			cr_expect_null(written, "%s: %s", names[i].mangled, written);
		free(written);
	}
}

#define NM "nm -Djp --defined-only --without-symbol-versions "

/* All names of the C++ library, as nm has them. */
Test(demangle, a_whole_library, .timeout = 600)
{
	char *text = output_of(NM "\"$(g++ -print-file-name=libstdc++.so.6)\""), *rest = text,
	     *written = output_of(NM "-C \"$(g++ -print-file-name=libstdc++.so.6)\""), *written_rest = written, *line;
	size_t n = 0;

	for (; (line = next_line(&rest)); n++) {
		char *ours = demangle(line), *theirs = next_line(&written_rest);
		cr_expect_str_eq(ours ? ours : line, theirs);
		free(ours);
	}
	cr_expect_gt(n, 1000);
	free(text);
	free(written);
}

/* A pair of pairs of pairs: 500 bytes that stand for 2^60 names. */
Test(demangle, bounded, .timeout = 60)
{
	struct strbuf sb = STRBUF_INIT;
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	strbuf_addstr(&sb, "_Z1f1PIiiE");
	for (int i = 0; i < 60; i++) {
		int last = i * 2;
		char name[8];
		if (last < 36)
			snprintf(name, sizeof(name), "S%c_", digits[last]);
		else
			snprintf(name, sizeof(name), "S%c%c_", digits[last / 36], digits[last % 36]);
		strbuf_addf(&sb, "1PI%s%sE", name, name);
	}
	char *written = demangle(sb.buf);
	cr_assert_not_null(written);
	cr_expect_eq(strlen(written), 4096 + 3, "%zu", strlen(written));
	cr_expect_str_eq(written + strlen(written) - 3, "...");
	free(written);

	/* Longer than anybody's names, and deep. */
	strbuf_clear(&sb);
	strbuf_addstr(&sb, "_Z1f");
	for (int i = 0; i < 100000; i++)
		strbuf_addch(&sb, 'P');
	strbuf_addch(&sb, 'i');
	cr_expect_null(demangle(sb.buf));
	strbuf_clear(&sb);
	strbuf_addstr(&sb, "_RNvC1a1b");
	for (int i = 0; i < 100000; i++)
		strbuf_addstr(&sb, "INvC1a1b");
	free(demangle(sb.buf));
	strbuf_release(&sb);
}
