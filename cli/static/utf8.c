/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Multibyte characters of the static program. The C library would read their locale from a file
 * (/usr/lib/locale/C.utf8), which an empty container has not, and take each byte for a character. These definitions
 * stand before those of libc.a when it is linked, and ncurses calls them: text is UTF-8 whatever the locale is, as
 * everywhere in escaudit.
 *
 * Conversion states are not kept: whoever has the beginning of a character comes again with all of it, as ncurses does.
 */
#include <errno.h>
#include <langinfo.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "base/memory.h"

#define INVALID ((size_t)-1)
#define CUT_OFF ((size_t)-2)

/* Bytes of the character at s, of which n may be read; INVALID if they are none; CUT_OFF if it would go on behind them.
 */
static size_t decode(wchar_t *out, const char *s, size_t n)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *p = (const unsigned char *)s;
	uint32_t c;
	size_t len;

	if (n == 0)
		return CUT_OFF;
	if (p[0] < 0x80) {
		*out = (wchar_t)p[0];
		return p[0] != 0;
	}
	len = p[0] >= 0xf0 && p[0] < 0xf5 ? 4 : p[0] >= 0xe0 && p[0] < 0xf0 ? 3 : p[0] >= 0xc2 && p[0] < 0xe0 ? 2 : 0;
	if (len == 0)
		return INVALID;
	c = p[0] & (0xffU >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if (i == n)
			return CUT_OFF;
		if ((p[i] & 0xc0) != 0x80)
			return INVALID;
		c = c << 6 | (p[i] & 0x3fU);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return INVALID;
	*out = (wchar_t)c;
	return len;
}

size_t mbrtowc(wchar_t *out, const char *s, size_t n, mbstate_t *state)
{
	wchar_t c;
	size_t len = s ? decode(&c, s, n) : 0;

	(void)state;
	if (len == INVALID)
		errno = EILSEQ;
	else if (s && len != CUT_OFF && out)
		*out = c;
	return len;
}

int mbtowc(wchar_t *out, const char *s, size_t n)
{
	size_t len = mbrtowc(out, s, n, NULL);

	return len == CUT_OFF ? -1 : (int)len;
}

int mblen(const char *s, size_t n)
{
	return mbtowc(NULL, s, n);
}

size_t mbstowcs(wchar_t *out, const char *s, size_t n)
{
	size_t i = 0, len;
	wchar_t c;

	for (; !out || i < n; i++, s += len) {
		len = mbrtowc(&c, s, MB_LEN_MAX, NULL);
		if (len == INVALID)
			return INVALID;
		if (out)
			out[i] = len ? c : L'\0';
		if (len == 0)
			break;
	}
	return i;
}

size_t wcrtomb(char *out, wchar_t wide, mbstate_t *state)
{
	uint32_t c = (uint32_t)wide;
	size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	(void)state;
	if (!out)
		return 1;
	if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) {
		errno = EILSEQ;
		return INVALID;
	}
	if (len == 1) {
		out[0] = (char)c;
		return 1;
	}
	for (size_t i = len - 1; i > 0; i--, c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)((0xf00U >> len) | c);
	return len;
}

size_t wcsrtombs(char *out, const wchar_t **from, size_t n, mbstate_t *state)
{
	char bytes[MB_LEN_MAX];
	size_t total = 0, len;

	for (const wchar_t *p = *from;; p++, total += len) {
		len = wcrtomb(bytes, *p, state);
		if (len == INVALID)
			return INVALID;
		if (out && total + len > n) {
			*from = p;
			return total;
		}
		if (out)
			memcpy(out + total, bytes, len);
		if (*p == L'\0')
			break;
	}
	if (out)
		*from = NULL;
	return total;
}

size_t wcstombs(char *out, const wchar_t *from, size_t n)
{
	return wcsrtombs(out, &from, n, NULL);
}

wint_t btowc(int c)
{
	return c >= 0 && c < 0x80 ? (wint_t)c : WEOF;
}

int wctob(wint_t c)
{
	return c < 0x80 ? (int)c : EOF;
}

/* Columns: none for what combines, two for East Asian scripts and pictures; the blocks of Unicode that matter. */
int wcwidth(wchar_t wide)
{
	static const struct {
		uint32_t first, last;
		int width;
	} blocks[] = {{0x300, 0x36f, 0},     {0x1100, 0x115f, 2},  {0x200b, 0x200f, 0}, {0x20d0, 0x20ff, 0},
		      {0x2e80, 0xa4cf, 2},   {0xac00, 0xd7a3, 2},  {0xf900, 0xfaff, 2}, {0xfe00, 0xfe0f, 0},
		      {0xfe20, 0xfe2f, 0},   {0xfe30, 0xfe6f, 2},  {0xff00, 0xff60, 2}, {0xffe0, 0xffe6, 2},
		      {0x1f300, 0x1faff, 2}, {0x20000, 0x3fffd, 2}};
	uint32_t c = (uint32_t)wide;

	if (c == 0)
		return 0;
	if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c > 0x10ffff)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
		if (c >= blocks[i].first && c <= blocks[i].last)
			return blocks[i].width;
	}
	return 1;
}

int iswprint(wint_t c)
{
	return c != 0 && wcwidth((wchar_t)c) >= 0;
}

/* ncurses and screen.c ask for the encoding, and for nothing else that it could tell. */
char *nl_langinfo(nl_item item)
{
	static char utf8[] = "UTF-8", nothing[] = "";

	return item == CODESET ? utf8 : nothing;
}
