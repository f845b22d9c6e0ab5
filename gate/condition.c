/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a condition, read. Thresholds are fractions and are never multiplied out into a rounded number:
 * base/exact.h.
 */
#include "gate/gate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define MAX_DIGITS   15 /* of a threshold; with the largest unit it stays below 2^63 */
#define MAX_DECIMALS 6

static const struct {
	const char *name;
	uint64_t factor;
} size_units[] = {
	{"kB", 1000},	   {"MB", 1000000},   {"GB", 1000000000}, {"KiB", 1u << 10},
	{"MiB", 1u << 20}, {"GiB", 1u << 30}, {"B", 1}, /* last: the others end in it */
};

static int bad_condition(struct error *err, const char *text, const char *why)
{
	return error_set(err, -EINVAL, "gate: failed to read the condition '%s': %s", text, why);
}

static bool take_suffix(char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	if (n < m || strcmp(s + n - m, suffix) != 0)
		return false;
	s[n - m] = '\0';
	return true;
}

static int read_number(struct gate_condition *c, char *s, const char *text, struct error *err)
{
	uint64_t factor = 0, number = 0, scale = 1;
	size_t digits = 0, decimals = 0;
	bool point = false;

	c->per_op = take_suffix(s, "/op");
	c->percent = take_suffix(s, "%");
	for (size_t i = 0; !c->percent && !factor && i < ARRAY_SIZE(size_units); i++) {
		if (take_suffix(s, size_units[i].name))
			factor = size_units[i].factor;
	}
	while (*s == ' ')
		s++;
	for (; *s; s++) {
		if (*s == '.' && !point) {
			point = true;
			continue;
		}
		if (*s == ' ' && !s[strspn(s, " ")])
			break;
		if (*s < '0' || *s > '9')
			return bad_condition(err, text, "behind '>' stands no decimal number with a unit");
		if (++digits > MAX_DIGITS || (point && ++decimals > MAX_DECIMALS))
			return bad_condition(err, text, "the number has too many digits");
		number = number * 10 + (uint64_t)(*s - '0');
		if (point)
			scale *= 10;
	}
	if (!digits)
		return bad_condition(err, text, "behind '>' stands no decimal number with a unit");
	if (factor && c->measure != GATE_MEASURE_BYTES)
		return bad_condition(err, text, "only bytes have a unit of size");
	if (factor && __builtin_mul_overflow(number, factor, &number))
		return bad_condition(err, text, "the number is too large");
	if (c->percent && c->subject != GATE_MORE && c->subject != GATE_OBJECTS && c->subject != GATE_BYTES)
		return bad_condition(err, text, "only more, objects and bytes can grow by a percentage");
	if (c->per_op && (c->percent || c->measure == GATE_MEASURE_LINES))
		return bad_condition(err, text, "/op belongs to objects and bytes");
	c->number = number;
	c->scale = scale;
	return 0;
}

static int read_subject(struct gate_condition *c, const char *name, const char *text, struct error *err)
{
	c->measure = GATE_MEASURE_LINES;
	if (strcmp(name, "new-heap") == 0) {
		c->subject = GATE_NEW_HEAP;
	} else if (strcmp(name, "broken") == 0) {
		c->subject = GATE_BROKEN;
	} else if (strcmp(name, "unproven") == 0) {
		c->subject = GATE_UNPROVEN;
	} else if (strcmp(name, "more") == 0) {
		c->subject = GATE_MORE;
		c->measure = GATE_MEASURE_OBJECTS;
	} else if (strcmp(name, "objects") == 0) {
		c->subject = GATE_OBJECTS;
		c->measure = GATE_MEASURE_OBJECTS;
	} else if (strcmp(name, "bytes") == 0) {
		c->subject = GATE_BYTES;
		c->measure = GATE_MEASURE_BYTES;
	} else {
		c->subject = GATE_VERDICT;
		c->verdict = verdict_from_name(name);
		if (c->verdict == VERDICT_COUNT)
			return error_set(err, -EINVAL,
					 "gate: failed to read the condition '%s': no verdict is named '%s', and it is "
					 "none of broken, unproven, new-heap, more, objects, bytes",
					 text, name);
	}
	return 0;
}

static int read_measure(struct gate_condition *c, const char *name, const char *text, struct error *err)
{
	static const char *const names[] = {"lines", "objects", "bytes"};

	if (c->subject == GATE_OBJECTS || c->subject == GATE_BYTES)
		return bad_condition(err, text, "a total has no further measure");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(names[i], name) != 0)
			continue;
		if (i == GATE_MEASURE_LINES && c->subject == GATE_MORE)
			break;
		c->measure = (enum gate_measure)i;
		return 0;
	}
	return bad_condition(err, text, "behind '.' stands no measure: lines, objects, bytes");
}

static int read_condition(struct gate_condition *c, const char *text, struct error *err)
{
	char *copy = xstrdup(text), *number = strchr(copy, '>'), *measure;
	int ret;

	if (number)
		*number++ = '\0';
	for (size_t n = strlen(copy); n && copy[n - 1] == ' ';)
		copy[--n] = '\0';
	measure = strchr(copy, '.');
	if (measure)
		*measure++ = '\0';
	ret = read_subject(c, copy, text, err);
	if (ret == 0 && measure)
		ret = read_measure(c, measure, text, err);
	if (ret == 0 && number)
		ret = read_number(c, number, text, err);
	if (ret == 0 && !number && (c->subject == GATE_OBJECTS || c->subject == GATE_BYTES))
		ret = bad_condition(err, text, "a total needs a threshold, as in bytes>1MB");
	free(copy);
	return ret;
}

int gate_parse(struct gate *gate, const char *list, struct error *err)
{
	while (list && *list) {
		const char *rest;
		size_t len = strcspn(list, ","), skip = strspn(list, " ");
		size_t n = len;
		struct gate_condition c = {.scale = 1};
		int ret;

		if (skip > n)
			skip = n;
		while (n > skip && list[n - 1] == ' ')
			n--;
		c.text = xstrndup(list + skip, n - skip);
		ret = *c.text ? read_condition(&c, c.text, err) : bad_condition(err, list, "a condition is empty");
		if (ret) {
			free(c.text);
			return ret;
		}
		ARRAY_GROW(gate->items, gate->n + 1, gate->alloc);
		gate->items[gate->n++] = c;
		rest = list + len;
		if (*rest == ',' && !*++rest)
			return bad_condition(err, list, "the list ends in a comma");
		list = rest;
	}
	return 0;
}

void gate_release(struct gate *gate)
{
	for (size_t i = 0; i < gate->n; i++)
		free(gate->items[i].text);
	free(gate->items);
	*gate = (struct gate)GATE_INIT;
}

unsigned gate_verdicts(const struct gate *gate)
{
	unsigned bits = 0;

	for (size_t i = 0; i < gate->n; i++) {
		if (gate->items[i].subject == GATE_VERDICT)
			bits |= 1u << gate->items[i].verdict;
	}
	return bits;
}
