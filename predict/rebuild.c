/* SPDX-License-Identifier: Apache-2.0 */
#include "predict/rebuild.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/path.h"
#include "base/strbuf.h"

/* Settings that change what the compiler says or makes. Linker flags, version control and the like do not. */
static const char *const flag_keys[] = {"-gcflags", "-tags", "-race", "-msan", "-asan", "-trimpath", "-buildmode"};
static const char *const env_keys[] = {"GOEXPERIMENT", "CGO_ENABLED", "GOARCH", "GOOS", "GOAMD64"};

static void push(char ***list, size_t *n, char *word)
{
	*list = xreallocarray(*list, *n + 2, sizeof(**list));
	(*list)[(*n)++] = word;
	(*list)[*n] = NULL;
}

/* The profile of -pgo: where it was, or under its name in dir. */
static int find_profile(char **out, const char *recorded, const char *dir, struct error *err)
{
	const char *base = path_base(recorded);

	*out = xstrdup(recorded);
	if (access(*out, R_OK) == 0)
		return 0;
	free(*out);
	*out = xasprintf("%s/%s", dir ? dir : ".", base);
	if (access(*out, R_OK) == 0)
		return 0;
	free(*out);
	*out = NULL;
	return error_set(
		err, -ENOENT,
		"predict: failed to find the profile '%s' the binary was built with (-pgo); put it there, or as '%s' "
		"beside the sources",
		recorded, base);
}

/* Anybody may have made the binary: what it says must name a package, not an option of the go command, and not many. */
static bool is_package(const char *path)
{
	if (path[0] == '-' || path[0] == '/' || path[0] == '@' || strstr(path, "..."))
		return false;
	for (const char *p = path; *p; p++) {
		if ((unsigned char)*p <= ' ' || (p[0] == '.' && p[1] == '.' && (p == path || p[-1] == '/')))
			return false;
	}
	return *path != '\0';
}

/*
 * The first option among -gcflags that is not one of those that only change the code: others write files wherever their
 * value says, as -cpuprofile does, or set variables. *len is its length; NULL if there is none.
 */
static const char *strange_flag(const char *gcflags, size_t *len)
{
	static const char *const known[] = {
		"%", "+", "B", "C",    "E",    "K", "L",    "N", "S",	 "W",	   "asan",    "c",   "d", "dwarf", "e",
		"h", "j", "l", "lang", "live", "m", "msan", "r", "race", "shared", "spectre", "std", "w", "wb"};
	static const char ends[] = " \t\n\r\"'=";

	for (const char *p = gcflags; *p; p++) {
		const char *value;
		bool is_known = false;

		if (*p != '-' || (p > gcflags && !strchr(ends, p[-1])))
			continue;
		p += p[1] == '-' ? 2 : 1;
		*len = strcspn(p, ends);
		for (size_t i = 0; i < ARRAY_SIZE(known); i++)
			is_known |= strlen(known[i]) == *len && strncmp(p, known[i], *len) == 0;
		value = p + *len;
		/* -d=ssa/PASS/dump=FUNCTION and the like */
		if (!is_known || (*len == 1 && *p == 'd' && memmem(value, strcspn(value, " \t\n\r\"'"), "dump", 4)))
			return p;
		p = value - 1;
	}
	return NULL;
}

static int check_recipe(const struct go_binary *bin, struct error *err)
{
	const char *package = go_binary_main_package(bin), *gcflags = go_binary_setting(bin, "-gcflags");
	const char *flag;
	size_t len;

	if (package && !is_package(package))
		return error_set(err, -EBADMSG,
				 "predict: failed to rebuild '%s': it says that its package is '%.200s', which names "
				 "none; build it from its sources",
				 elf_image_path(go_binary_image(bin)), package);
	flag = gcflags ? strange_flag(gcflags, &len) : NULL;
	if (flag)
		return error_set(
			err, -EINVAL,
			"predict: failed to rebuild '%s': it was built with -gcflags=%.200s, of which -%.*s is "
			"not repeated, as it may do more than change the code; build it without that",
			elf_image_path(go_binary_image(bin)), gcflags, len < 40 ? (int)len : 40, flag);
	return 0;
}

int rebuild_init(struct rebuild *out, const struct go_binary *bin, const char *dir, struct error *err)
{
	const char *package = go_binary_main_package(bin), *value;
	size_t n_flags = 0, n_env = 0;
	char *profile;
	int ret;

	*out = (struct rebuild){.flags = NULL};
	ret = check_recipe(bin, err);
	if (ret)
		return ret;
	out->flags = xcalloc(1, sizeof(*out->flags));
	out->env = xcalloc(1, sizeof(*out->env));
	out->package = xstrdup(package && strcmp(package, "command-line-arguments") != 0 ? package : ".");
	for (size_t i = 0; i < ARRAY_SIZE(flag_keys); i++) {
		value = go_binary_setting(bin, flag_keys[i]);
		if (!value || strcmp(value, "false") == 0)
			continue;
		push(&out->flags, &n_flags, xasprintf("%s=%s", flag_keys[i], value));
	}
	for (size_t i = 0; i < ARRAY_SIZE(env_keys); i++) {
		value = go_binary_setting(bin, env_keys[i]);
		if (value)
			push(&out->env, &n_env, xasprintf("%s=%s", env_keys[i], value));
	}
	value = go_binary_setting(bin, "-pgo");
	if (value) {
		ret = find_profile(&profile, value, dir, err);
		if (ret == 0) {
			push(&out->flags, &n_flags, xasprintf("-pgo=%s", profile));
			free(profile);
		}
	} else if (go_binary_minor(bin) >= 21) {
		/* A default.pgo that came later must not slip in. */
		push(&out->flags, &n_flags, xstrdup("-pgo=off"));
	}
	if (ret)
		rebuild_release(out);
	return ret;
}

void rebuild_release(struct rebuild *recipe)
{
	for (size_t i = 0; recipe->flags && recipe->flags[i]; i++)
		free(recipe->flags[i]);
	for (size_t i = 0; recipe->env && recipe->env[i]; i++)
		free(recipe->env[i]);
	free(recipe->flags);
	free(recipe->env);
	free(recipe->package);
	*recipe = (struct rebuild){.flags = NULL};
}

/* Whether the module line ("dep\tpath\tversion...") is among those of other. */
static bool has_line(const char *other, const char *line, size_t len)
{
	while (*other) {
		size_t n = strcspn(other, "\n");

		if (n == len && strncmp(other, line, len) == 0)
			return true;
		other += n + (other[n] == '\n');
	}
	return false;
}

int rebuild_check(const struct go_binary *bin, const struct go_binary *again, struct error *err)
{
	const char *info = go_binary_modinfo(bin), *other = go_binary_modinfo(again);
	const char *was = go_binary_version(bin), *is = go_binary_version(again);
	struct strbuf differences = STRBUF_INIT;
	int ret = 0;

	if (strcmp(was, is) != 0)
		strbuf_addf(&differences,
			    "; the binary is of %s, the sources were built by %s: name that go command with --go", was,
			    is);
	for (size_t i = 0; i < ARRAY_SIZE(env_keys); i++) {
		const char *a = go_binary_setting(bin, env_keys[i]), *b = go_binary_setting(again, env_keys[i]);

		if (a && (!b || strcmp(a, b) != 0))
			strbuf_addf(&differences, "; %s is '%s' in the binary, '%s' now", env_keys[i], a, b ? b : "");
	}
	while (*info) {
		size_t len = strcspn(info, "\n");

		if (strncmp(info, "dep\t", 4) == 0 && !has_line(other, info, len))
			strbuf_addf(&differences, "; the binary has %.*s", (int)(len - 4), info + 4);
		info += len + (info[len] == '\n');
	}
	if (differences.len)
		ret = error_set(err, -EINVAL, "predict: what was rebuilt is not '%s'%s",
				elf_image_path(go_binary_image(bin)), strbuf_str(&differences));
	strbuf_release(&differences);
	return ret;
}
