/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/build_match.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* More predicted lines than this share without code is more than a linker drops. */
#define STALE_SHARE_PCT 60
#define STALE_MIN	20

static void add_mismatch(struct audit *audit, const char *sentence)
{
	audit->mismatches = xreallocarray(audit->mismatches, audit->n_mismatches + 1, sizeof(*audit->mismatches));
	audit->mismatches[audit->n_mismatches++] = sentence;
}

/* "go1.26.11-X:name (deb)" and "go1.26.11-X:name" are one version. */
static bool same_version(const char *a, const char *b)
{
	size_t n = strcspn(a, " "), m = strcspn(b, " ");

	return n == m && strncmp(a, b, n) == 0;
}

/* The number that s begins with. */
static int leading_number(const char *s)
{
	int n = 0;

	while (*s >= '0' && *s <= '9' && n < 1000)
		n = n * 10 + *s++ - '0';
	return n;
}

/* The value of key in "key=value\n" lines, from the pool; "" if absent. */
static const char *line_value(struct strpool *pool, const char *lines, const char *key)
{
	size_t n = strlen(key);

	while (lines && *lines) {
		size_t len = strcspn(lines, "\n");

		if (len > n && strncmp(lines, key, n) == 0 && lines[n] == '=')
			return strpool_add_n(pool, lines + n + 1, len - n - 1);
		lines += len + (lines[len] == '\n');
	}
	return "";
}

void build_match_add_flags(struct strbuf *out, const char *flags)
{
	while (*flags) {
		size_t len = strcspn(flags, " ");
		char *word = xstrndup(flags, len);
		const char *equals = strstr(word, "=-"), *flag = *word != '-' && equals ? equals + 1 : word;

		if (len && strcmp(flag, "-m") != 0 && strncmp(flag, "-m=", 3) != 0 && strncmp(flag, "-json=", 6) != 0)
			strbuf_addf(out, "%s%s", out->len ? " " : "", word);
		free(word);
		flags += len + strspn(flags + len, " ");
	}
}

static const char *code_flags(struct strpool *pool, const char *flags)
{
	struct strbuf sb = STRBUF_INIT;
	const char *result;

	build_match_add_flags(&sb, flags);
	result = strpool_add(pool, strbuf_str(&sb));
	strbuf_release(&sb);
	return result;
}

/* The grammar of a log that does not name its version. */
static void compare_grammar(struct audit *audit, const struct prediction_build *build, const char *go_version)
{
	int minor = strncmp(go_version, "go1.", 4) == 0 ? leading_number(go_version + 4) : 0;

	if (minor == 0)
		return;
	if (build->since_minor > minor)
		add_mismatch(audit, strpool_addf(audit->pool, "the log is of go1.%d or later, the binary of %s",
						 build->since_minor, go_version));
	else if (build->before_minor && build->before_minor <= minor)
		add_mismatch(audit, strpool_addf(audit->pool, "the log is of a version before go1.%d, the binary of %s",
						 build->before_minor, go_version));
}

static bool has_flag(const char *flags, const char *flag)
{
	size_t len = strlen(flag);

	for (const char *at = flags; (at = strstr(at, flag)); at++) {
		if ((at == flags || strchr(" =", at[-1])) && (!at[len] || at[len] == ' '))
			return true;
	}
	return false;
}

/* A log of -m=2 speaks of every function's inlining, unless -l forbade it. */
static void compare_inlining(struct audit *audit, const struct predictions *set, const char *gcflags)
{
	bool of_log = set->n_declarations > 0, of_binary = !has_flag(gcflags, "-l");

	if (!set->build.since_minor && !set->build.before_minor)
		return;
	if (of_log != of_binary)
		add_mismatch(audit, strpool_addf(audit->pool, "the log's build %s, the binary's %s",
						 of_log ? "inlined functions" : "did not inline (-l)",
						 of_binary ? "did" : "did not (-l)"));
}

/* Functions on other lines: the source was edited in between. */
static void compare_functions(struct audit *audit, const struct matching *matching)
{
	struct declaration d;
	int line;
	size_t n = matching_displaced(matching, &d, &line);

	if (n)
		add_mismatch(audit,
			     strpool_addf(audit->pool,
					  "the source was edited between the builds: %zu function%s on other lines, "
					  "%s of %s on %d in the log and on %d in the binary",
					  n, n > 1 ? "s" : "", d.name, d.file, d.line, line));
}

void build_match(struct audit *audit, const struct predictions *set, const struct recording *rec,
		 const struct matching *matching)
{
	static const char *const keys[] = {"-race",	   "-msan",  "-asan",	"-tags",      "-pgo",
					   "GOEXPERIMENT", "GOARCH", "GOAMD64", "CGO_ENABLED"};
	const struct prediction_build *build = &set->build;
	const struct rec_header *h = &rec->header;
	size_t stale = audit->totals.n[VERDICT_STALE], all = 0;
	struct strpool *pool = audit->pool;
	char value[4096];
	bool compared = false;

	if (build->build_id && h->build_id) {
		compared = true;
		if (strcmp(build->build_id, h->build_id) == 0) {
			audit->match = BUILD_MATCH_SAME;
			return;
		}
	}
	if (build->go_version && h->go_version) {
		compared = true;
		if (!same_version(build->go_version, h->go_version))
			add_mismatch(audit, strpool_addf(pool, "the log is of %s, the binary of %s", build->go_version,
							 h->go_version));
	}
	if (!build->go_version && h->go_version) { /* these find differences, but prove no match */
		compare_grammar(audit, build, h->go_version);
		compare_inlining(audit, set, recording_setting(rec, "-gcflags", value, sizeof(value)) ? value : "");
	}
	compare_functions(audit, matching);
	if (build->main_module && h->main_module && strcmp(build->main_module, h->main_module) != 0)
		add_mismatch(audit, strpool_addf(pool, "the log is of module %s, the binary of %s", build->main_module,
						 h->main_module));
	for (size_t i = 0; build->settings && i < ARRAY_SIZE(keys); i++) {
		const char *of_log = line_value(pool, build->settings, keys[i]);
		const char *of_binary = recording_setting(rec, keys[i], value, sizeof(value)) ? value : "";

		compared = true;
		if (strcmp(of_log, of_binary) != 0)
			add_mismatch(audit, strpool_addf(pool, "%s is '%s' in the log's build, '%s' in the binary's",
							 keys[i], of_log, of_binary));
	}
	if (build->settings) {
		const char *of_log = code_flags(pool, line_value(pool, build->settings, "-gcflags"));
		const char *of_binary =
			code_flags(pool, recording_setting(rec, "-gcflags", value, sizeof(value)) ? value : "");

		if (strcmp(of_log, of_binary) != 0)
			add_mismatch(audit,
				     strpool_addf(pool, "-gcflags is '%s' in the log's build, '%s' in the binary's",
						  of_log, of_binary));
	}
	for (int kind = 0; kind < VERDICT_COUNT; kind++)
		all += audit->totals.n[kind];
	all -= audit->totals.n[VERDICT_UNPREDICTED];
	if (all >= STALE_MIN && stale * 100 > all * STALE_SHARE_PCT)
		add_mismatch(audit,
			     strpool_addf(pool, "the binary has no code for %zu of %zu predicted lines", stale, all));
	if (audit->n_mismatches)
		audit->match = BUILD_MATCH_DIFFERENT;
	else
		audit->match = compared ? BUILD_MATCH_SAME : BUILD_MATCH_UNKNOWN;
}
