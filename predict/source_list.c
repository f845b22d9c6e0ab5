/* SPDX-License-Identifier: Apache-2.0 */
#include "predict/source_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/path.h"
#include "base/strbuf.h"

/* An empty field ends the files. */
static const char format[] =
	"{{.ImportPath}}" SOURCE_LIST_NUL "{{.Name}}" SOURCE_LIST_NUL "{{.Standard}}" SOURCE_LIST_NUL
	"{{.Dir}}" SOURCE_LIST_NUL "{{with .Module}}{{.Path}}{{end}}" SOURCE_LIST_NUL
	"{{with .Module}}{{.Version}}{{end}}" SOURCE_LIST_NUL "{{len .CgoFiles}}" SOURCE_LIST_NUL
	"{{with .Module}}-{{.GoVersion}}{{end}}" SOURCE_LIST_NUL "{{.DepOnly}}" SOURCE_LIST_NUL
	"{{range .GoFiles}}{{.}}" SOURCE_LIST_NUL "{{end}}" SOURCE_LIST_NUL;

bool source_list_fields(const char **text, const char *end, const char **fields, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *nul = memchr(*text, '\0', (size_t)(end - *text));

		if (!nul)
			return false;
		fields[i] = *text;
		*text = nul + 1;
	}
	return true;
}

static char *trimmed_directory(const char *path, const char *module, const char *version)
{
	size_t n = strlen(module);

	if (!*module || !*version)
		return xstrdup(path);
	return xasprintf("%s@%s%s", module, version, strncmp(path, module, n) == 0 ? path + n : "");
}

/* "-1.21.3", "-" in a module that says none, "" outside of modules. */
static bool is_before_loop_vars(const char *version)
{
	int minor = 0;

	return *version && (sscanf(version, "-1.%d", &minor) == 1 ? minor < 22 : version[1] == '\0');
}

static bool take_package(struct source_list *list, const char **text, const char *end)
{
	const char *fields[9], *file;
	struct listed_package *p;

	if (!source_list_fields(text, end, fields, ARRAY_SIZE(fields)))
		return false;
	ARRAY_GROW(list->items, list->n + 1, list->alloc);
	p = &list->items[list->n++];
	*p = (struct listed_package){.path = xstrdup(fields[0]),
				     .name = xstrdup(fields[1]),
				     .is_standard = strcmp(fields[2], "true") == 0,
				     .directory = xstrdup(fields[3]),
				     .trimmed = trimmed_directory(fields[0], fields[4], fields[5]),
				     .n_cgo = strtoul(fields[6], NULL, 10),
				     .shares_loop_vars = is_before_loop_vars(fields[7]),
				     .is_named = strcmp(fields[8], "false") == 0};
	while (source_list_fields(text, end, &file, 1) && *file) {
		if (file[0] == '/')
			words_add(&p->files, file);
		else
			words_take(&p->files, xasprintf("%s/%s", p->directory, file));
	}
	*text += *text < end && **text == '\n';
	return true;
}

int source_list_ask(struct source_list *list, struct go_command *go, const struct go_flags *flags,
		    const char *const *packages)
{
	struct words argv = {.items = NULL};
	struct strbuf answer = STRBUF_INIT;
	const char *text, *end;
	int ret;

	words_add(&argv, go->name);
	words_add(&argv, "list");
	for (size_t i = 0; i < flags->list.n; i++)
		words_add(&argv, flags->list.items[i]);
	words_add(&argv, "-deps");
	words_add(&argv, "-f");
	words_add(&argv, format);
	for (size_t i = 0; packages && packages[i]; i++)
		words_add(&argv, packages[i]);
	ret = go_command_ask(go, &argv, "go list -deps", &answer);
	text = strbuf_str(&answer);
	end = text + answer.len;
	while (ret == 0 && text < end && take_package(list, &text, end))
		;
	words_release(&argv);
	strbuf_release(&answer);
	return ret;
}

void source_list_release(struct source_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		struct listed_package *p = &list->items[i];

		free(p->path);
		free(p->name);
		free(p->directory);
		free(p->trimmed);
		words_release(&p->files);
	}
	free(list->items);
	*list = (struct source_list){.items = NULL};
}

/* The package's file of that base name, of n bytes; NULL if it has none. */
static const char *file_of(const struct listed_package *p, const char *base, size_t n)
{
	for (size_t i = 0; i < p->files.n; i++) {
		const char *of_package = path_base(p->files.items[i]);

		if (strncmp(of_package, base, n) == 0 && of_package[n] == '\0')
			return p->files.items[i];
	}
	return NULL;
}

static bool is_named(const struct listed_package *p, const char *package)
{
	return !package || strcmp(strcmp(package, "main") == 0 ? p->name : p->path, package) == 0;
}

/* "x.cover.go", of the only package that has a file x.go. */
static struct source_name find_rewritten(const struct source_list *list, const char *package, const char *name)
{
	size_t n = strlen(name) - strlen(SOURCE_COVER_END);
	struct source_name found = {.is_rewritten = true};
	char *source = xasprintf("%.*s.go", (int)n, name);

	for (size_t i = 0; i < list->n; i++) {
		const struct listed_package *p = &list->items[i];
		const char *path = is_named(p, package) ? file_of(p, source, n + strlen(".go")) : NULL;

		if (path && found.package) {
			found = (struct source_name){.is_rewritten = true};
			break;
		}
		if (path) {
			found.path = path;
			found.package = p;
		}
	}
	free(source);
	return found;
}

/* What stands in the package's directory, under the directory's name or what -trimpath makes of it. */
static struct source_name find_listed(const struct source_list *list, const char *name)
{
	const char *base = path_base(name);
	size_t n = base > name ? (size_t)(base - name) - 1 : 0;

	for (size_t i = 0; i < list->n; i++) {
		const struct listed_package *p = &list->items[i];
		const char *directory = name[0] == '/' ? p->directory : p->trimmed, *path;

		if (strncmp(directory, name, n) != 0 || directory[n] != '\0')
			continue;
		path = file_of(p, base, strlen(base));
		if (path)
			return (struct source_name){.path = path, .package = p};
	}
	return (struct source_name){.path = name[0] == '/' ? name : NULL};
}

struct source_name source_names_find(const struct source_names *names, const char *package, const char *name)
{
	const char *replaced = overlay_replaced(names->overlay, name);

	if (replaced)
		name = replaced;
	if (!names->list)
		return (struct source_name){.path = name[0] == '/' ? name : NULL};
	if (!strchr(name, '/') && path_has_suffix(name, SOURCE_COVER_END))
		return find_rewritten(names->list, package, name);
	return find_listed(names->list, name);
}

const struct listed_package *source_names_only_main(const struct source_names *names)
{
	const struct listed_package *found = NULL;

	for (size_t i = 0; names && names->list && i < names->list->n; i++) {
		const struct listed_package *p = &names->list->items[i];

		if (strcmp(p->name, "main") != 0)
			continue;
		if (found)
			return NULL;
		found = p;
	}
	return found;
}
