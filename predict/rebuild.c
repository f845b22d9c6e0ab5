/* SPDX-License-Identifier: Apache-2.0 */
#include "predict/rebuild.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
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
	const char *base = strrchr(recorded, '/') ? strrchr(recorded, '/') + 1 : recorded;

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

int rebuild_init(struct rebuild *out, const struct go_binary *bin, const char *dir, struct error *err)
{
	const char *package = go_binary_main_package(bin), *value;
	size_t n_flags = 0, n_env = 0;
	char *profile;
	int ret = 0;

	*out = (struct rebuild){.flags = NULL};
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

/* Is the module line ("dep\tpath\tversion...") among those of other? */
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
