/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/target.h"

#include <string.h>

#include "audit/assertion.h"
#include "base/memory.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "recording/place.h"
#include "recording/types.h"
#include "sites/site_names.h"
#include "sites/sites.h"
#include "symbolize/go_name.h"

int target_open(struct target *out, const char *path, const char *shown, struct error *err)
{
	struct go_binary *bin;
	int ret;

	*out = (struct target){.bin = NULL};
	ret = go_binary_open_file(&bin, path, err);
	return ret ? ret : target_open_binary(out, bin, shown, err);
}

int target_open_binary(struct target *out, struct go_binary *bin, const char *shown, struct error *err)
{
	int ret;

	*out = (struct target){.bin = bin};
	ret = symbolizer_new_pclntab(&out->sym, out->bin, err);
	if (ret == 0) {
		out->rec = recording_new();
		session_describe(out->rec, out->bin, shown);
	}
	if (ret)
		target_release(out);
	return ret;
}

int target_open_process(struct target *out, struct process **process, pid_t pid, const char *file, struct error *err)
{
	int ret;

	*out = (struct target){.bin = NULL};
	*process = NULL;
	ret = process_open(process, pid, file, err);
	if (ret)
		return ret;
	for (size_t i = 0; i < process_note_count(*process); i++)
		cli_note("%s", process_note(*process, i));
	return target_open_binary(out, process_take_binary(*process), process_path(*process), err);
}

int target_decode(struct target *target, struct error *err)
{
	int ret;

	progress_begin(0, "reading '%s'", target->rec->header.path);
	ret = sites_decode(target->rec, target->bin, target->sym, NULL, err);
	if (ret == 0) {
		place_find_packages(target->rec);
		site_names_find(target->rec, target->bin);
		recording_find_types(target->rec, target->bin);
	}
	progress_end();
	return ret;
}

void target_release(struct target *target)
{
	recording_free(target->rec);
	symbolizer_free(target->sym);
	go_binary_free(target->bin);
	*target = (struct target){.bin = NULL};
}

enum reach_scope reach_scope_of(const char *name)
{
	if (name && strcmp(name, "none") == 0)
		return REACH_SCOPE_NONE;
	return name && strcmp(name, "all") == 0 ? REACH_SCOPE_ALL : REACH_SCOPE_MAIN;
}

/* The packages that predictions are about, and the files that they stand in: strings of a pool, which is the set. */
static struct strpool *predicted_names(const struct predictions *set)
{
	struct strpool *names = strpool_new();

	for (size_t i = 0; i < set->n_packages; i++)
		strpool_add(names, set->packages[i]);
	for (size_t i = 0; i < set->n; i++) {
		const char *file = set->items[i].pos.file, *slash = file ? strrchr(file, '/') : NULL;

		if (set->items[i].package)
			strpool_add(names, set->items[i].package);
		if (file)
			strpool_add(names, slash ? slash + 1 : file);
	}
	return names;
}

/* Another package's generic functions are compiled, and predicted, where they are used, and so are closures that were
 * inlined there: by their file. */
static bool is_predicted(const struct target *target, const struct strpool *names, const struct rec_frame *physical)
{
	const char *slash = physical->file ? strrchr(physical->file, '/') : NULL;
	const char *package = go_name_package(target->rec->pool, physical->function);

	if (strpool_find(names, package, strlen(package)))
		return true;
	return slash && (strchr(physical->function, '[') || go_name_is_closure(physical->function)) &&
	       strpool_find(names, slash + 1, strlen(slash + 1));
}

bool *target_reach(const struct target *target, enum reach_scope scope, const struct predictions *set)
{
	const struct recording *rec = target->rec;
	struct strpool *names = NULL;
	bool *reach;

	if (scope == REACH_SCOPE_NONE)
		return NULL;
	if (set && scope == REACH_SCOPE_MAIN)
		names = predicted_names(set);
	reach = xcalloc(rec->n_sites, sizeof(*reach));
	for (size_t i = 0; i < rec->n_sites; i++) {
		const struct rec_site *site = &rec->sites[i];
		const struct rec_frame *physical = site->n_frames ? &site->frames[site->n_frames - 1] : NULL;

		if (!site->may_elide)
			continue;
		reach[i] = scope == REACH_SCOPE_ALL ||
			   (physical && place_in_main_module(&rec->header, physical->function)) ||
			   (names && physical && is_predicted(target, names, physical));
	}
	strpool_free(names);
	return reach;
}

void target_add_points(struct target *target, const struct predictions *set)
{
	struct assertions *assertions;

	assertions_read(&assertions, target->rec, set, NULL);
	assertions_add_points(assertions, target->rec, target->bin);
	assertions_free(assertions);
}
