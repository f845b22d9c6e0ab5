/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recording's rows as JSON, with what the reports round away: one object a line of user code, the figures of sampling
 * and the extra comments.
 *
 *	recording_rows RECORDING
 *	{"window_seconds":6.01,"start_unix_ns":1,"extra":{"overhead_pct":"0.98"},"losses":0,
 *	 "rows":[{"function":"main.f","file":"sites.go","line":88,"objects":12,"bytes":288,"samples":3,"error":4.5}]}
 *
 * error is in objects: half the width of the 95 % interval, of the rows of one line together. What the runtime makes
 *for itself while it serves a line is not the line's.
 */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "recording/recording.h"

static json_t *row_for(json_t *rows, const struct rec_frame *frame)
{
	const char *slash = frame->file ? strrchr(frame->file, '/') : NULL;
	const char *file = slash ? slash + 1 : frame->file ? frame->file : "";
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		if (json_integer_value(json_object_get(row, "line")) == frame->line &&
		    strcmp(json_string_value(json_object_get(row, "file")), file) == 0)
			return row;
	}
	row = json_pack("{s:s, s:s, s:i, s:I, s:I, s:I, s:f}", "function", frame->function, "file", file, "line",
			frame->line, "objects", (json_int_t)0, "bytes", (json_int_t)0, "samples", (json_int_t)0,
			"error", 0.0);
	json_array_append_new(rows, row);
	return row;
}

static void add(json_t *row, const char *key, uint64_t n)
{
	json_t *value = json_object_get(row, key);

	json_integer_set(value, json_integer_value(value) + (json_int_t)n);
}

static void add_figure(void *ctx, const char *key, const char *value)
{
	json_object_set_new(ctx, key, json_string(value));
}

int main(int argc, char **argv)
{
	json_t *rows = json_array(), *extra = json_object(), *all;
	struct error err = ERROR_INIT;
	struct recording *rec;

	if (argc != 2) {
		fputs("usage: recording_rows RECORDING\n", stderr);
		return 64;
	}
	if (recording_read(&rec, argv[1], &err)) {
		fprintf(stderr, "recording_rows: %s\n", err.text);
		return 2;
	}
	recording_each_figure(&rec->header.sampling, add_figure, extra);
	for (size_t i = 0; i < rec->n_extra; i++)
		json_object_set_new(extra, rec->extra[i].key, json_string(rec->extra[i].value));
	for (size_t i = 0; i < rec->n_observations; i++) {
		const struct rec_observation *o = &rec->observations[i];
		json_t *row, *error;

		if (recording_work(rec, o) != REC_WORK_LINE)
			continue;
		row = row_for(rows, &rec->locations[o->locations[o->user]].frames[0]);
		add(row, "objects", o->objects);
		add(row, "bytes", o->bytes);
		add(row, "samples", o->samples);
		error = json_object_get(row, "error");
		json_real_set(error, hypot(json_real_value(error), o->error_pct / 100 * (double)o->objects));
	}
	all = json_pack("{s:f, s:I, s:o, s:I, s:o}", "window_seconds", rec->header.window_seconds, "start_unix_ns",
			(json_int_t)rec->header.start_unix_ns, "extra", extra, "losses",
			(json_int_t)recording_losses(rec), "rows", rows);
	json_dumpf(all, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(all);
	recording_free(rec);
	return 0;
}
