/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/baseline.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "audit/verdict.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/strpool.h"
#include "symbolize/go_runtime.h"

#define SCHEMA	   "escaudit-baseline/1"
#define SIZE_LIMIT (16u << 20)

struct baseline {
	struct strpool *pool;
	const char *fail_on;
	struct baseline_entry *entries;
	size_t n, alloc;
};

#define BAD(path, fmt, ...) error_set(err, -EINVAL, "baseline: failed to read '%s': " fmt, path, ##__VA_ARGS__)

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* "2026-12-31" and a day that exists. */
static bool is_day(const char *s)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year, month, day;

	if (strlen(s) != 10 || strspn(s, "0123456789") != 4 || s[4] != '-' || strspn(s + 5, "0123456789") != 2 ||
	    s[7] != '-' || strspn(s + 8, "0123456789") != 2)
		return false;
	year = (int)strtol(s, NULL, 10);
	month = (int)strtol(s + 5, NULL, 10);
	day = (int)strtol(s + 8, NULL, 10);
	if (month < 1 || month > 12 || day < 1)
		return false;
	return day <= days[month - 1] + (month == 2 && is_leap(year));
}

static int read_entry(struct baseline *b, json_t *object, size_t number, const char *path, const char *today,
		      struct error *err)
{
	struct baseline_entry e = {.function = NULL};
	const struct {
		const char *name;
		const char **to;
	} members[] = {
		{"function", &e.function}, {"package", &e.package}, {"file", &e.file},
		{"expr", &e.expr},	   {"type", &e.type},	    {"cause", &e.cause},
		{"verdict", &e.verdict},   {"reason", &e.reason},   {"expires", &e.expires},
	};
	const char *name;
	json_t *value;

	if (!json_is_object(object))
		return BAD(path, "entry %zu of accept is no object", number);
	json_object_foreach(object, name, value)
	{
		const char **to = NULL;

		for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
			if (strcmp(members[i].name, name) == 0)
				to = members[i].to;
		}
		/* A misspelt member would make the entry accept more than was meant. */
		if (!to)
			return BAD(path, "entry %zu has a member '%s' that no entry has", number, name);
		if (!json_is_string(value) || !*json_string_value(value))
			return BAD(path, "'%s' of entry %zu is no text", name, number);
		*to = strpool_add(b->pool, json_string_value(value));
	}
	if (!e.function && !e.file && !e.package)
		return BAD(path, "entry %zu names no function, file or package; it would accept lines anywhere",
			   number);
	if (!e.reason)
		return BAD(path, "entry %zu gives no reason", number);
	if (!e.expires || !is_day(e.expires))
		return BAD(path, "entry %zu %s; say until which day it holds, as in \"expires\": \"2027-06-30\"",
			   number, e.expires ? "has a day that does not exist" : "has no day on which it expires");
	if (e.cause && cause_from_name(e.cause) == CAUSE_UNKNOWN)
		return BAD(path, "entry %zu: no cause is named '%s'", number, e.cause);
	if (e.verdict && verdict_from_name(e.verdict) == VERDICT_COUNT)
		return BAD(path, "entry %zu: no verdict is named '%s'", number, e.verdict);
	e.expired = strcmp(e.expires, today) < 0;
	ARRAY_GROW(b->entries, b->n + 1, b->alloc);
	b->entries[b->n++] = e;
	return 0;
}

static int read_fail_on(struct baseline *b, json_t *list, const char *path, struct error *err)
{
	struct strbuf sb = STRBUF_INIT;
	json_t *value;
	size_t i;

	if (!json_is_array(list))
		return BAD(path, "fail_on is no list");
	json_array_foreach(list, i, value)
	{
		if (!json_is_string(value)) {
			strbuf_release(&sb);
			return BAD(path, "a condition of fail_on is no text");
		}
		strbuf_addf(&sb, "%s%s", i ? "," : "", json_string_value(value));
	}
	b->fail_on = sb.len ? strpool_add(b->pool, sb.buf) : NULL;
	strbuf_release(&sb);
	return 0;
}

static int read_root(struct baseline *b, json_t *root, const char *path, const char *today, struct error *err)
{
	const char *schema = json_string_value(json_object_get(root, "schema")), *name;
	json_t *value, *entry;
	size_t i;
	int ret = 0;

	if (!schema || strcmp(schema, SCHEMA) != 0)
		return BAD(path, "its schema is not \"" SCHEMA "\"");
	json_object_foreach(root, name, value)
	{
		if (strcmp(name, "schema") == 0 || strcmp(name, "comment") == 0)
			continue;
		if (strcmp(name, "fail_on") == 0) {
			ret = read_fail_on(b, value, path, err);
		} else if (strcmp(name, "accept") == 0) {
			if (!json_is_array(value))
				return BAD(path, "accept is no list");
			json_array_foreach(value, i, entry)
			{
				ret = read_entry(b, entry, i + 1, path, today, err);
				if (ret)
					return ret;
			}
		} else {
			return BAD(path, "it has a member '%s' that no baseline has", name);
		}
		if (ret)
			return ret;
	}
	return 0;
}

int baseline_read_bytes(struct baseline **out, const char *data, size_t size, const char *path, time_t now,
			struct error *err)
{
	struct baseline *b;
	json_error_t fault;
	json_t *root;
	struct tm tm;
	char today[16];
	int ret;

	*out = NULL;
	if (!gmtime_r(&now, &tm) || !strftime(today, sizeof(today), "%Y-%m-%d", &tm))
		return BAD(path, "the clock shows no day");
	root = json_loadb(data, size, JSON_REJECT_DUPLICATES, &fault);
	if (!root)
		return BAD(path, "%s in line %d", fault.text, fault.line);
	b = xcalloc(1, sizeof(*b));
	b->pool = strpool_new();
	ret = json_is_object(root) ? read_root(b, root, path, today, err) : BAD(path, "it is no JSON object");
	json_decref(root);
	if (ret)
		baseline_free(b);
	else
		*out = b;
	return ret;
}

int baseline_read(struct baseline **out, const char *path, time_t now, struct error *err)
{
	struct strbuf sb = STRBUF_INIT;
	int ret;

	*out = NULL;
	ret = strbuf_read_file(&sb, path, SIZE_LIMIT);
	if (ret)
		error_set(err, ret, "baseline: failed to read '%s': %s", path,
			  ret == -EFBIG ? "it is larger than 16 MiB" : strerror(-ret));
	else
		ret = baseline_read_bytes(out, strbuf_str(&sb), sb.len, path, now, err);
	strbuf_release(&sb);
	return ret;
}

void baseline_free(struct baseline *b)
{
	if (!b)
		return;
	free(b->entries);
	strpool_free(b->pool);
	free(b);
}

const char *baseline_fail_on(const struct baseline *b)
{
	return b->fail_on;
}

size_t baseline_count(const struct baseline *b)
{
	return b->n;
}

const struct baseline_entry *baseline_entry(const struct baseline *b, size_t i)
{
	return &b->entries[i];
}

static bool agrees(const char *wanted, const char *is)
{
	return !wanted || (is && strcmp(wanted, is) == 0);
}

bool baseline_accepts(struct baseline *b, const struct baseline_line *line)
{
	for (size_t i = 0; b && i < b->n; i++) {
		struct baseline_entry *e = &b->entries[i];

		if (e->expired || !agrees(e->function, line->function) || !agrees(e->package, line->package) ||
		    !agrees(e->file, line->file) || !agrees(e->expr, line->expr) || !agrees(e->type, line->type) ||
		    !agrees(e->cause, line->cause) || !agrees(e->verdict, line->verdict))
			continue;
		e->used = true;
		return true;
	}
	return false;
}
