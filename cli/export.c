/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "audit/assertion.h"
#include "base/atomic_file.h"
#include "base/strbuf.h"
#include "cli/cli.h"
#include "cli/gates.h"
#include "cli/output.h"
#include "cli/profile.h"
#include "report/export.h"
#include "report/findings.h"

#define COPY_LIMIT ((size_t)1 << 30)

/* What is exported, and how. */
struct export_job {
	const char *path, *format, *source_root;
	struct judged in;
	struct assertions *assertions; /* of the source; NULL where the format has no place for them */
	unsigned errors;	       /* verdicts that are errors */
	size_t limit;
	bool by_objects;
};

static const struct {
	const char *name;
	int (*write)(FILE *f, const struct findings *findings);
	size_t limit; /* unless --limit says otherwise */
} formats[] = {
	{"sarif", export_sarif, EXPORT_SARIF_RESULTS},
	{"github", export_github, 10}, /* of a kind and step, more are not shown */
	{"markdown", export_markdown, 20},
	{"junit", export_junit, 0},
};

/* The bytes themselves: the recording is a pprof profile. */
static int copy(FILE *f, const char *path)
{
	struct strbuf sb = STRBUF_INIT;
	int ret = strbuf_read_file(&sb, path, COPY_LIMIT);

	if (ret == 0 && fwrite(strbuf_str(&sb), 1, sb.len, f) != sb.len)
		ret = -EIO;
	strbuf_release(&sb);
	return ret;
}

static int write_findings(FILE *f, const struct export_job *x)
{
	struct findings findings;
	int ret = -EINVAL;

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		size_t limit = x->limit == SIZE_MAX ? formats[i].limit : x->limit;

		if (strcmp(formats[i].name, x->format) != 0)
			continue;
		if (formats[i].write == export_sarif && (limit == 0 || limit > EXPORT_SARIF_RESULTS))
			limit = EXPORT_SARIF_RESULTS;
		findings_init(&findings, x->in.rec, x->in.audit, x->errors, limit);
		ret = formats[i].write(f, &findings);
		findings_release(&findings);
	}
	return ret;
}

static int write_format(FILE *f, const struct export_job *x)
{
	const struct top_options top = {.order = x->by_objects ? TOP_BY_OBJECTS : TOP_BY_BYTES};
	const struct html_options html = {.source_root = x->source_root,
					  .rows = x->limit == SIZE_MAX ? EXPORT_HTML_ROWS : x->limit,
					  .frames = EXPORT_HTML_FRAMES,
					  .by_objects = x->by_objects};

	if (strcmp(x->format, "json") == 0)
		return x->in.audit ? report_audit_json(f, x->in.audit, x->in.set) : report_top_json(f, x->in.rec, &top);
	if (strcmp(x->format, "html") == 0)
		return export_html(f, x->in.rec, x->in.audit, x->in.set, &html);
	if (strcmp(x->format, "folded") == 0)
		return export_folded(f, x->in.rec, x->by_objects);
	if (strcmp(x->format, "pprof") == 0)
		return copy(f, x->path);
	return write_findings(f, x);
}

static int write_output(const struct export_job *x, const char *output)
{
	struct error err = ERROR_INIT;
	struct atomic_file file;
	int ret;

	if (!output || strcmp(output, "-") == 0) {
		ret = write_format(stdout, x);
		/* What standard output failed of is said for all commands alike. */
		if (ret && ferror(stdout))
			return EXIT_FAILED;
	} else {
		ret = atomic_file_begin(&file, output);
		if (ret == 0)
			ret = atomic_file_end(&file, write_format(file.stream, x));
	}
	if (ret == 0)
		return recording_is_partial(x->in.rec) ? EXIT_PARTIAL : EXIT_DONE;
	error_set(&err, ret, "export: failed to write '%s': %s", output ? output : "standard output", strerror(-ret));
	return cli_fail(&err);
}

static void add_assertions(struct export_job *x)
{
	if (strcmp(x->format, "folded") == 0 || strcmp(x->format, "pprof") == 0)
		return;
	assertions_read(&x->assertions, x->in.rec, x->in.set, x->source_root);
	assertions_judge(x->assertions, x->in.rec, x->in.audit);
	x->in.audit->assertions = x->assertions;
}

/* --fail-on names verdicts and broken assertions, which become errors; nothing else of it makes sense here. */
static bool read_errors(const struct cli_args *args, unsigned *errors)
{
	struct gates gates;
	bool ok = true;

	if (gates_open(&gates, args) >= 0)
		return false;
	*errors = gate_verdicts(&gates.gate);
	for (size_t i = 0; i < gates.gate.n; i++) {
		const struct gate_condition *c = &gates.gate.items[i];

		if (c->subject == GATE_BROKEN)
			*errors |= FINDINGS_BROKEN;
		ok = ok && (c->subject == GATE_VERDICT || c->subject == GATE_BROKEN) && !strpbrk(c->text, ".>");
	}
	gates_release(&gates);
	if (!ok)
		cli_misuse(args, "export --fail-on takes names of verdicts, and broken, only; for thresholds use "
				 "compare or diff");
	return ok;
}

int export_main(const struct cli_args *args)
{
	const char *predictions = args->value[OPT_WITH_PREDICTIONS], *by = args->value[OPT_BY];
	const char *output = args->value[OPT_OUTPUT];
	struct export_job x = {.format = args->value[OPT_FORMAT],
			       .source_root = args->value[OPT_SOURCE_ROOT],
			       .limit = SIZE_MAX,
			       .by_objects = by && *by == 'o'};
	struct error err = ERROR_INIT;
	double limit = -1;
	int code;

	if (args->n_positional != 1)
		return cli_misuse(args, "export needs one RECORDING");
	if (!x.format)
		return cli_misuse(args, "export needs a --format");
	if (!cli_whole(args, OPT_LIMIT, 0, 1e9, &limit) || !read_errors(args, &x.errors))
		return EXIT_MISUSE;
	if (limit >= 0)
		x.limit = (size_t)limit;
	if (x.errors && !predictions)
		return cli_misuse(args, "--fail-on: verdicts need --predictions");
	x.path = args->positional[0];
	if (output && output_is_same_file(output, x.path))
		return cli_misuse(args,
				  "export would write over the recording it reads, '%s'; name another file with -o",
				  output);
	if (strcmp(x.format, "pprof") == 0 && strcmp(x.path, "-") == 0)
		return cli_misuse(args, "export --format=pprof copies a file, and standard input is none");
	if (judged_open(&x.in, x.path, args->value[OPT_PROGRAM], predictions, &err)) {
		code = cli_fail(&err);
	} else {
		if (x.in.audit)
			add_assertions(&x);
		code = write_output(&x, output);
	}
	assertions_free(x.assertions);
	judged_release(&x.in);
	return code;
}
