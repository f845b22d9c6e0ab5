/* SPDX-License-Identifier: Apache-2.0 */
/* The static program's multibyte functions, under other names, against the C library's in its own UTF-8 locale. */
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include <criterion/criterion.h>

size_t ours_mbrtowc(wchar_t *, const char *, size_t, mbstate_t *);
int ours_mbtowc(wchar_t *, const char *, size_t);
int ours_mblen(const char *, size_t);
size_t ours_mbstowcs(wchar_t *, const char *, size_t);
size_t ours_wcrtomb(char *, wchar_t, mbstate_t *);
size_t ours_wcsrtombs(char *, const wchar_t **, size_t, mbstate_t *);
size_t ours_wcstombs(char *, const wchar_t *, size_t);
wint_t ours_btowc(int);
int ours_wctob(wint_t);
int ours_wcwidth(wchar_t);
int ours_iswprint(wint_t);
char *ours_nl_langinfo(nl_item);

#define mbrtowc	    ours_mbrtowc
#define mbtowc	    ours_mbtowc
#define mblen	    ours_mblen
#define mbstowcs    ours_mbstowcs
#define wcrtomb	    ours_wcrtomb
#define wcsrtombs   ours_wcsrtombs
#define wcstombs    ours_wcstombs
#define btowc	    ours_btowc
#define wctob	    ours_wctob
#define wcwidth	    ours_wcwidth
#define iswprint    ours_iswprint
#define nl_langinfo ours_nl_langinfo
#include "cli/static/utf8.c"
#undef mbrtowc
#undef mbtowc
#undef mblen
#undef mbstowcs
#undef wcrtomb
#undef wcsrtombs
#undef wcstombs
#undef btowc
#undef wctob
#undef wcwidth
#undef iswprint
#undef nl_langinfo

static void need_utf8(void)
{
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		cr_skip_test("no locale C.UTF-8");
}

Test(utf8, every_character_is_what_the_c_library_says)
{
	need_utf8();
	for (uint32_t c = 0; c < 0x110000; c++) {
		char theirs[MB_LEN_MAX] = "", ours[MB_LEN_MAX] = "";
		mbstate_t state = {0};
		size_t len = wcrtomb(theirs, (wchar_t)c, &state), our_len = ours_wcrtomb(ours, (wchar_t)c, NULL);
		wchar_t back = 0;

		cr_assert(our_len == len, "U+%x: %zu bytes instead of %zu", c, our_len, len);
		cr_assert(ours_wctob(c) == (c < 0x80 ? wctob(c) : EOF), "U+%x as a byte", c);
		if (len == INVALID)
			continue;
		cr_assert(memcmp(ours, theirs, len) == 0, "U+%x: bytes", c);
		cr_assert(ours_mbrtowc(&back, ours, sizeof(ours), NULL) == (c ? len : 0) && back == (wchar_t)c,
			  "U+%x: back", c);
		for (size_t part = 0; part < len; part++)
			cr_assert(ours_mbrtowc(&back, ours, part, NULL) == CUT_OFF, "U+%x: %zu bytes of it", c, part);
	}
}

Test(utf8, bytes_that_are_no_characters_are_those_of_the_c_library)
{
	need_utf8();
	for (uint32_t i = 0; i < 1 << 24; i += i < 0x800000 ? 251 : 13) {
		char bytes[4] = {(char)(i >> 16), (char)(i >> 8), (char)i, (char)(i * 7)};
		mbstate_t state = {0};
		wchar_t theirs = 0, ours = 0;
		size_t want = mbrtowc(&theirs, bytes, 4, &state), got = ours_mbrtowc(&ours, bytes, 4, NULL);

		/* It lets characters pass that Unicode has no room for. */
		if ((want == 4 && theirs > 0x10ffff) || (unsigned char)bytes[0] > 0xf4)
			want = INVALID;
		cr_assert(got == want && (want == INVALID || ours == theirs), "%06x: %zd, U+%x instead of %zd, U+%x", i,
			  (ssize_t)got, (unsigned)ours, (ssize_t)want, (unsigned)theirs);
	}
}

Test(utf8, strings)
{
	static const char text[] = "a ±% … 漢";
	wchar_t wide[16], theirs[16];
	char back[32];

	need_utf8();
	cr_assert(ours_mbstowcs(NULL, text, 0) == mbstowcs(NULL, text, 0));
	cr_assert(ours_mbstowcs(wide, text, 16) == mbstowcs(theirs, text, 16));
	cr_assert(wcscmp(wide, theirs) == 0);
	cr_assert(ours_wcstombs(NULL, wide, 0) == strlen(text));
	cr_assert(ours_wcstombs(back, wide, sizeof(back)) == strlen(text));
	cr_assert_str_eq(back, text);
	/* No part of a character where there is no room for all of it. */
	cr_assert(ours_wcstombs(back, wide, 3) == wcstombs(back, wide, 3));
	cr_assert(ours_mbstowcs(wide, "\xff", 16) == INVALID);
	cr_assert(ours_mblen("…", 3) == 3 && ours_mblen("…", 2) == -1 && ours_mbtowc(wide, "…", 3) == 3);
	cr_assert(ours_btowc('a') == L'a' && ours_btowc(0xe2) == WEOF);
	cr_assert_str_eq(ours_nl_langinfo(CODESET), nl_langinfo(CODESET));
}

Test(utf8, columns)
{
	static const wchar_t some[] = L"a%±…–é│漢한ｗ\u0301\u200b\u00a0\x1b\x7f\x85";

	need_utf8();
	for (const wchar_t *c = some; *c; c++) {
		cr_expect(ours_wcwidth(*c) == wcwidth(*c), "U+%x: %d instead of %d", (unsigned)*c, ours_wcwidth(*c),
			  wcwidth(*c));
		cr_expect(!ours_iswprint((wint_t)*c) == !iswprint((wint_t)*c), "U+%x printable", (unsigned)*c);
	}
}
