/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/path.h"
#include "symbolize/go_name.h"

/* "/tmp/go-build123/" of "/tmp/go-build123/b001/cart.test": where one go test builds; its length, 0 for other paths. */
static size_t go_build_length(const char *path)
{
	const char *at = path ? strstr(path, "/go-build") : NULL;
	size_t n = at ? strlen("/go-build") + strspn(at + strlen("/go-build"), "0123456789") : 0;

	return at && at[n] == '/' ? (size_t)(at - path) + n + 1 : 0;
}

int output_check_replaced(const char *name, const struct recording *rec, struct error *err)
{
	size_t n = go_build_length(rec->header.path);
	struct recording *there = NULL;
	struct stat st;
	int ret = 0;

	/* What is no file has nothing to be lost, and reading it may take for ever. */
	if (!n || strcmp(name, "-") == 0 || stat(name, &st) < 0 || !S_ISREG(st.st_mode) ||
	    recording_read(&there, name, NULL))
		return 0;
	if (there->header.path && go_build_length(there->header.path) == n &&
	    strncmp(there->header.path, rec->header.path, n) == 0 && strcmp(there->header.path, rec->header.path) != 0)
		ret = error_set(err, -EEXIST,
				"record: failed to write '%s': it has the recording of %s, of the same go test; name a "
				"directory with -o, and each test binary gets a file of its own in it",
				name, there->header.main_package ? there->header.main_package : there->header.path);
	recording_free(there);
	return ret;
}

/*
 * Test binaries of older Go versions do not say which package they test, but go test starts them in its directory: it
 * is the package of the functions whose source is there. NULL if there is none.
 */
static const char *package_here(struct strpool *pool, const struct go_binary *bin)
{
	char *here = realpath(".", NULL);
	size_t n = here ? strlen(here) : 0, count = n ? go_binary_func_count(bin) : 0;
	const char *package = NULL;
	struct go_func func;

	for (size_t i = 0; i < count && !package; i++) {
		const char *file = go_binary_func(bin, i, &func) ? go_binary_func_file(bin, &func) : NULL;

		if (file && strncmp(file, here, n) == 0 && file[n] == '/' && !strchr(file + n + 1, '/') &&
		    !go_name_is_main(func.name))
			package = go_name_package(pool, func.name);
	}
	free(here);
	n = package ? strlen(package) : 0;
	/* Tests may stand in a package of their own beside it. */
	if (n > 5 && strcmp(package + n - 5, "_test") == 0)
		package = strpool_add_n(pool, package, n - 5);
	return n ? package : NULL;
}

void output_name_test_package(struct recording *rec, const struct go_binary *bin)
{
	size_t n = rec->header.path ? strlen(rec->header.path) : 0;
	const char *package;

	if (rec->header.main_package || n < 5 || strcmp(rec->header.path + n - 5, ".test") != 0)
		return;
	package = package_here(rec->pool, bin);
	if (package)
		rec->header.main_package = strpool_addf(rec->pool, "%s.test", package);
}

/* Import paths come out of binaries: one that would lead out of the directory is none. */
static bool is_plain_path(const char *path)
{
	if (!path)
		return false;
	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 0 || (n == 1 && path[0] == '.') || (n == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		for (size_t i = 0; i < n; i++) {
			if ((unsigned char)path[i] < ' ')
				return false;
		}
		path += n;
		if (*path && !*++path)
			return false;
	}
	return true;
}

int output_in_directory(char **out, const char *directory, const struct recording *rec, const char *shown,
			struct error *err)
{
	const char *package = rec->header.main_package && *rec->header.main_package ? rec->header.main_package : NULL;
	const char *base = path_base(shown);
	size_t n = strlen(directory);

	if (!is_plain_path(package))
		package = *base ? base : "program";
	while (n > 1 && directory[n - 1] == '/')
		n--;
	*out = xasprintf("%.*s/%s.pb.gz", (int)n, directory, package);
	for (char *slash = *out + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
		*slash = '\0';
		if (mkdir(*out, 0777) < 0 && errno != EEXIST)
			return error_set(err, -errno, "record: failed to create the directory '%s': %s", *out,
					 strerror(errno));
		if (!strchr(slash + 1, '/') && access(*out, W_OK | X_OK) < 0)
			return error_set(err, -errno, "record: failed to write to the directory '%s': %s", *out,
					 strerror(errno));
	}
	return 0;
}

bool output_is_directory(const char *path)
{
	size_t n = strlen(path);
	struct stat st;

	return (n && path[n - 1] == '/') || (stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

bool output_is_same_file(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && S_ISREG(x.st_mode) && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

bool output_is_compressed(const char *path)
{
	unsigned char magic[2] = {0};
	struct stat st;
	FILE *f;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || !(f = fopen(path, "re")))
		return false;
	if (fread(magic, 1, sizeof(magic), f) != sizeof(magic))
		magic[0] = 0;
	fclose(f);
	return magic[0] == 0x1f && magic[1] == 0x8b;
}
