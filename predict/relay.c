/* SPDX-License-Identifier: Apache-2.0 */
#include "predict/relay.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "base/lines.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/temporary_directory.h"
#include "predict/go_command.h"

#define LINE	   "escaudit-json: "
#define DIRECTORY  "/escaudit-json-1/" /* to be counted up when the line becomes another */
#define FLAG	   "-json=0," DIRECTORY
#define SIZE_LIMIT ((size_t)1 << 30) /* bytes of the JSON of a package */

/* ---- beside the compiler ---- */

static int complain(const char *what, const char *which, int code)
{
	fprintf(stderr, "escaudit: build: %s '%s': %s\n", what, which, strerror(code < 0 ? -code : code));
	return 1;
}

static int add_file(struct strbuf *parts, const char *path, const char *directory, const char *name)
{
	struct strbuf text = STRBUF_INIT;
	int ret = strbuf_read_file(&text, path, SIZE_LIMIT - parts->len);

	if (ret == 0) {
		strbuf_addf(parts, "%zu %s/%s\n", text.len, directory, name);
		strbuf_add(parts, strbuf_str(&text), text.len);
	}
	strbuf_release(&text);
	return ret;
}

static int add_files(struct strbuf *parts, const char *top, const char *directory)
{
	char *path = xasprintf("%s/%s", top, directory);
	DIR *dir = opendir(path);
	const struct dirent *entry;
	int ret = dir ? 0 : -errno;

	while (ret == 0 && (entry = readdir(dir))) {
		char *file = xasprintf("%s/%s", path, entry->d_name);

		if (entry->d_name[0] != '.')
			ret = add_file(parts, file, directory, entry->d_name);
		free(file);
	}
	if (dir)
		closedir(dir);
	free(path);
	return ret;
}

static int pack(struct strbuf *line, const struct strbuf *parts)
{
	static const char digits[] = "0123456789abcdef";
	uLongf n = compressBound(parts->len);
	unsigned char *packed = xmalloc(n);
	int ret = compress2(packed, &n, (const unsigned char *)parts->buf, parts->len, Z_BEST_SPEED) == Z_OK ? 0
													     : -ENOMEM;

	strbuf_addstr(line, LINE);
	for (uLongf i = 0; ret == 0 && i < n; i++) {
		const char two[] = {digits[packed[i] >> 4], digits[packed[i] & 15]};

		strbuf_add(line, two, 2);
	}
	strbuf_addch(line, '\n');
	free(packed);
	return ret;
}

/* Prints the line of what the compiler wrote to the directory. */
static int print_line(const char *directory)
{
	const char *package = getenv("TOOLEXEC_IMPORTPATH");
	struct strbuf parts = STRBUF_INIT, line = STRBUF_INIT;
	DIR *dir = opendir(directory);
	const struct dirent *entry;
	int ret = dir ? 0 : -errno;

	strbuf_addf(&parts, "%s\n", package ? package : "");
	while (ret == 0 && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			ret = add_files(&parts, directory, entry->d_name);
	}
	if (ret == 0)
		ret = pack(&line, &parts);
	if (ret == 0 && (fwrite(line.buf, 1, line.len, stdout) != line.len || fflush(stdout)))
		ret = -EIO;
	if (dir)
		closedir(dir);
	strbuf_release(&parts);
	strbuf_release(&line);
	return ret;
}

/* Runs the compiler with that directory for its JSON, until it ends. Its exit status, or more than 255. */
static int run_compiler(char **argv, char **flag, const char *directory)
{
	char *was = *flag;
	int status = 0, ret;
	pid_t pid;

	*flag = xasprintf("-json=0,%s", directory);
	ret = posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
	free(*flag);
	*flag = was;
	if (ret)
		return complain("failed to run", argv[0], ret);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return complain("failed to wait for", argv[0], errno);
	}
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	/* Killed, and so is who runs it. */
	signal(WTERMSIG(status), SIG_DFL);
	raise(WTERMSIG(status));
	return 1;
}

int relay_main(char **argv)
{
	struct error err = ERROR_INIT;
	char **flag = argv, *directory;
	int code, ret;

	if (!argv[0])
		return complain("failed to run", "", EINVAL);
	while (*flag && strncmp(*flag, FLAG, strlen(FLAG)) != 0)
		flag++;
	if (!*flag) {
		execvp(argv[0], argv);
		return complain("failed to run", argv[0], errno);
	}
	if (temporary_directory(&directory, temporary_parent(), "json", &err)) {
		fprintf(stderr, "escaudit: %s\n", err.text);
		error_release(&err);
		code = 1;
	} else {
		code = run_compiler(argv, flag, directory);
		ret = code ? 0 : print_line(directory);
		if (ret)
			code = complain("failed to keep what the compiler wrote to", directory, ret);
		go_command_remove(directory);
	}
	free(directory);
	return code;
}

/* ---- beside the go command ---- */

char *relay_program(void)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n <= 0)
		return NULL;
	path[n] = '\0'; /* with " (deleted)" behind it, it is no program */
	return access(path, X_OK) || (strchr(path, '\'') && strchr(path, '"')) ? NULL : xstrdup(path);
}

char *relay_directory(uint64_t key)
{
	return xasprintf(DIRECTORY "%016" PRIx64, key);
}

bool relay_is_line(const char *line, size_t len)
{
	return len > strlen(LINE) && memcmp(line, LINE, strlen(LINE)) == 0;
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What pack() packed. False if it is damaged. */
static bool unpack(struct strbuf *parts, const char *text, size_t len)
{
	unsigned char *packed = xmalloc(len / 2 + 1), chunk[16384];
	z_stream z = {.next_in = packed, .avail_in = (uInt)(len / 2)};
	int status = len % 2 ? Z_DATA_ERROR : Z_OK;

	for (size_t i = 0; i + 1 < len && status == Z_OK; i += 2) {
		int high = digit(text[i]), low = digit(text[i + 1]);

		if (high < 0 || low < 0)
			status = Z_DATA_ERROR;
		packed[i / 2] = (unsigned char)((high & 15) << 4 | (low & 15));
	}
	if (status == Z_OK)
		status = inflateInit(&z);
	while (status == Z_OK && parts->len <= SIZE_LIMIT) {
		z.next_out = chunk;
		z.avail_out = sizeof(chunk);
		status = inflate(&z, Z_NO_FLUSH);
		strbuf_add(parts, chunk, sizeof(chunk) - z.avail_out);
	}
	inflateEnd(&z);
	free(packed);
	return status == Z_STREAM_END;
}

/* "DIRECTORY/NAME", which the compiler has escaped. */
static bool is_file_name(const char *name)
{
	const char *slash = strchr(name, '/');

	return slash && slash > name && name[0] != '.' && slash[1] && slash[1] != '.' && !strchr(slash + 1, '/');
}

static int write_file(const char *top, char *name, const char *text, size_t n)
{
	char *slash = strchr(name, '/'), *path = xasprintf("%s/%s", top, name), *directory;
	FILE *f = NULL;
	int ret = 0;

	directory = xasprintf("%s/%.*s", top, (int)(slash - name), name);
	if (mkdir(directory, 0700) && errno != EEXIST)
		ret = -errno;
	else if (!(f = fopen(path, "wxe")))
		ret = -errno;
	else if (fwrite(text, 1, n, f) != n)
		ret = -EIO;
	if (f && fclose(f) && ret == 0)
		ret = -errno;
	free(path);
	free(directory);
	return ret;
}

/* at is behind the package's name, end at a NUL. */
static int write_files(const char *at, const char *end, const char *json, size_t number, struct error *err)
{
	char *top = xasprintf("%s/%06zu", json, number);
	int ret = mkdir(top, 0700) == 0 ? 0 : -errno;

	while (ret == 0 && at < end) {
		char *rest, *name;
		unsigned long long n = strtoull(at, &rest, 10);
		const char *text = strchr(rest, '\n');

		if (*rest != ' ' || !text || n > (size_t)(end - text) - 1) {
			ret = -EBADMSG;
			break;
		}
		name = xstrndup(rest + 1, (size_t)(text - rest) - 1);
		ret = is_file_name(name) ? write_file(top, name, text + 1, n) : -EBADMSG;
		free(name);
		at = text + 1 + n;
	}
	if (ret)
		error_set(err, ret, "build: failed to keep what the compiler wrote in '%s': %s", top, strerror(-ret));
	free(top);
	return ret;
}

struct unpacking {
	const char *json;
	const struct source_list *list;
	bool *seen;
	size_t n_unlisted;
	struct error *err;
};

static int take_line(struct unpacking *u, const char *line, size_t len)
{
	struct strbuf parts = STRBUF_INIT;
	bool ok = unpack(&parts, line + strlen(LINE), len - strlen(LINE));
	char *end = ok ? strchr(strbuf_str(&parts), '\n') : NULL;
	size_t i = 0;
	int ret;

	if (!end) {
		ret = error_set(u->err, -EBADMSG, "build: failed to read the compiler's JSON: it is damaged");
		goto out;
	}
	*end = '\0';
	while (i < u->list->n && strcmp(u->list->items[i].path, parts.buf) != 0)
		i++;
	if (i == u->list->n || u->seen[i]) /* another program's edition of it, as profiles make them */
		ret = write_files(end + 1, parts.buf + parts.len, u->json, u->list->n + u->n_unlisted++, u->err);
	else
		ret = write_files(end + 1, parts.buf + parts.len, u->json, i, u->err);
	if (ret == 0 && i < u->list->n)
		u->seen[i] = true;
out:
	strbuf_release(&parts);
	return ret;
}

static void put_line(FILE *f, const char *line, size_t len)
{
	fwrite_unlocked(line, 1, len, f);
	putc_unlocked('\n', f);
}

/* A package's heading is put unless the JSON is all there is of it. Lines of raw strings may look like one. */
static int take_lines(struct unpacking *u, FILE *in, FILE *out)
{
	struct strbuf heading = STRBUF_INIT;
	struct lines lines;
	const char *line;
	bool is_last_ours = false;
	size_t len;
	int ret = 0;

	lines_init_file(&lines, in);
	while (ret == 0 && lines_next(&lines, &line, &len)) {
		bool is_heading = len > 2 && line[0] == '#' && line[1] == ' ', is_ours = relay_is_line(line, len);

		if (heading.len && !is_ours) {
			if (!is_heading || !is_last_ours)
				put_line(out, heading.buf, heading.len);
			strbuf_clear(&heading);
		}
		if (is_ours)
			ret = take_line(u, line, len);
		else if (is_heading)
			strbuf_add(&heading, line, len);
		else
			put_line(out, line, len);
		is_last_ours = is_ours;
	}
	if (ret == 0 && lines.error)
		ret = error_set(u->err, lines.error, "build: failed to read the diagnostics: %s",
				strerror(-lines.error));
	lines_release(&lines);
	strbuf_release(&heading);
	return ret;
}

int relay_unpack(const char *said, const char *text, const char *json, const struct source_list *list, bool *seen,
		 struct error *err)
{
	struct unpacking u = {.json = json, .list = list, .seen = seen, .err = err};
	FILE *in = fopen(said, "re"), *out = fopen(text, "we");
	int ret = in && out ? 0 : -errno;

	if (ret)
		error_set(err, ret, "build: failed to keep the diagnostics in '%s': %s", text, strerror(-ret));
	else
		ret = take_lines(&u, in, out);
	if (in)
		fclose(in);
	if (out && fclose(out) && ret == 0)
		ret = error_set(err, -EIO,
				"build: failed to keep the diagnostics in '%s'; make room there, or set TMPDIR", text);
	return ret;
}
