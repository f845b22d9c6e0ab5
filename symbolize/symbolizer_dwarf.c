/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The DWARF back end. libdw reads sections, abbreviations, attributes and line tables; what it has no fast answer for
 * is an address: Go binaries carry no .debug_aranges, and dwarf_getscopes walks a whole unit for each one. So there are
 * two indexes of our own, both sorted by address:
 *
 *   unit ranges    which unit an address belongs to, from the units' own DW_AT_ranges; built when the file is opened
 *   unit segments  which innermost (inlined) function it belongs to; built for a unit when the first address in it is
 *                  asked for, in one pass over its tree. Segments do not overlap: where inlined calls are nested, a
 *                  segment names the innermost, and the chain outwards follows node.parent.
 *
 * The innermost frame's position comes from the unit's line table, every other frame's from the call_file and call_line
 * of the frame inside it. Names are those of the abstract origins, often in another unit, so they are kept by offset.
 *
 * The file is not trusted. libdw checks bounds; what it does not limit is limited here: depth of the tree, hops between
 * origins, nodes and ranges of one unit, the size sections unpack to. libdw never opens a file that DWARF names (dwz's
 * common part, split units): a privileged process does not open paths that a stranger's binary names. The common part
 * is handed in by who found it.
 */
#include "symbolize/symbolizer_dwarf.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/reason.h"
#include "base/u64map.h"
#include "symbolize/go_name.h"
#include "symbolize/symbolizer_internal.h"

/* On variables of a closure that were captured from outside, Go >= 1.23 (cmd/internal/dwarf). */
#define DW_AT_go_closure_offset 0x2907

#define NODE_NONE      UINT32_MAX
#define TREE_DEPTH_MAX 64
#define ORIGIN_HOPS    8
#define TYPE_HOPS      8
#define LOCATIONS_MAX  4096		   /* of one variable */
#define UNIT_ITEMS_MAX (1u << 22)	   /* nodes or ranges of one unit; the largest seen has 100,000 */
#define UNPACKED_MAX   (UINT64_C(4) << 30) /* bytes all compressed sections may claim to unpack to */
#define OVERLAPS_MAX   64		   /* units that are asked for one address */
#define LINE_ROW_BYTES 96		   /* what libdw keeps of a row of a line table, which takes a byte in it */
#define ABBREV_FACTOR  10		   /* what libdw keeps of an abbreviation: 50 bytes of its 5, or less of more */
#define ABBREVS_MAX    (UINT64_C(1) << 30) /* bytes that libdw may keep of all of them where there is no budget */

/* A function, or one inlined call in it. */
struct node {
	const char *name;
	const char *call_file; /* inlined: where the call was written, in the parent */
	int call_line;
	int start_line;
	uint32_t parent; /* NODE_NONE for a physical function */
	elf_vaddr entry; /* physical */
	Dwarf_Off die;	 /* physical */
};

/* From start up to the next segment's start. */
struct segment {
	elf_vaddr start;
	uint32_t node; /* NODE_NONE: a gap */
};

/* A node's address range, as it comes out of the tree. */
struct node_range {
	elf_vaddr start;
	elf_vaddr end;
	uint32_t node;
	uint32_t depth;
};

struct unit {
	Dwarf_Die die;
	bool indexed;
	bool lines_weighed, has_lines; /* the second once the first is set */
	bool joins_dot;		       /* libdw puts "./" in front of relative file names */
	struct node *nodes;
	struct segment *segments;
	size_t n_segments;
};

struct unit_range {
	elf_vaddr start;
	elf_vaddr end;
	elf_vaddr max_end; /* of this and every range before it */
	uint32_t unit;
};

/* What a frame takes from an abstract origin. */
struct origin {
	const char *name;
	const char *linkage; /* the name for linkers, which says more; NULL without */
	int line;
};

struct dwarf_file {
	int fd;
	Elf *elf;
	Dwarf *dwarf;
};

struct symbolizer_dwarf {
	struct symbolizer base;
	int go_minor;
	struct dwarf_file file;
	struct dwarf_file shared; /* nothing without */
	Dwarf *dwarf;		  /* the file's */
	Elf_Data *lines;	  /* .debug_line, unpacked; NULL without */
	uint64_t *budget;	  /* bytes that may still be kept; NULL: as many as there are */
	struct unit *units;
	size_t n_units;
	size_t alloc_units;
	struct unit_range *ranges; /* sorted by start */
	size_t n_ranges;
	size_t alloc_ranges;
	struct origin *origins;
	size_t n_origins;
	size_t alloc_origins;
	struct u64map
		origin_at; /* offset of a debugging entry, or ~ that in the shared file, to its place in origins */
};

/* ---- entries of the tree -------------------------------------------------------------------------------------------
 */

/* The attributes of one entry that matter here; has says which are there. */
enum attr {
	ATTR_NAME,
	ATTR_LINKAGE_NAME,
	ATTR_LOW_PC,
	ATTR_RANGES,
	ATTR_ORIGIN,
	ATTR_SPECIFICATION,
	ATTR_CALL_FILE,
	ATTR_CALL_LINE,
	ATTR_DECL_LINE,
	ATTR_CLOSURE_OFFSET,
	ATTR_LOCATION,
	ATTR_TYPE,
	ATTR_COUNT,
};

struct attrs {
	unsigned has;
	Dwarf_Attribute at[ATTR_COUNT];
};

static int collect_attr(Dwarf_Attribute *attr, void *ctx)
{
	struct attrs *attrs = ctx;
	enum attr i;

	switch (dwarf_whatattr(attr)) {
	case DW_AT_name:
		i = ATTR_NAME;
		break;
	case DW_AT_linkage_name:
	case DW_AT_MIPS_linkage_name:
		i = ATTR_LINKAGE_NAME;
		break;
	case DW_AT_low_pc:
		i = ATTR_LOW_PC;
		break;
	case DW_AT_ranges:
		i = ATTR_RANGES;
		break;
	case DW_AT_abstract_origin:
		i = ATTR_ORIGIN;
		break;
	case DW_AT_specification:
		i = ATTR_SPECIFICATION;
		break;
	case DW_AT_call_file:
		i = ATTR_CALL_FILE;
		break;
	case DW_AT_call_line:
		i = ATTR_CALL_LINE;
		break;
	case DW_AT_decl_line:
		i = ATTR_DECL_LINE;
		break;
	case DW_AT_go_closure_offset:
		i = ATTR_CLOSURE_OFFSET;
		break;
	case DW_AT_location:
		i = ATTR_LOCATION;
		break;
	case DW_AT_type:
		i = ATTR_TYPE;
		break;
	default:
		return DWARF_CB_OK;
	}
	/* These live in the shared file. A file without one has itself in its place. */
	switch (dwarf_whatform(attr)) {
	case DW_FORM_GNU_ref_alt:
	case DW_FORM_GNU_strp_alt:
	case DW_FORM_ref_sup4:
	case DW_FORM_ref_sup8:
	case DW_FORM_strp_sup:
		if (dwarf_getalt(dwarf_cu_getdwarf(attr->cu)) == dwarf_cu_getdwarf(attr->cu))
			return DWARF_CB_OK;
	}
	attrs->at[i] = *attr;
	attrs->has |= 1u << i;
	return DWARF_CB_OK;
}

static bool attrs_read(struct attrs *attrs, Dwarf_Die *die)
{
	attrs->has = 0;
	/* 1 is the end of the list. Before it, the last value's length is unchecked: a string may lack its end. */
	if (dwarf_getattrs(die, collect_attr, attrs, 0) == 1)
		return true;
	attrs->has = 0;
	return false;
}

static bool attrs_have(const struct attrs *attrs, enum attr i)
{
	return attrs->has & 1u << i;
}

static uint64_t attrs_number(struct attrs *attrs, enum attr i)
{
	Dwarf_Word value;

	return attrs_have(attrs, i) && dwarf_formudata(&attrs->at[i], &value) == 0 ? value : 0;
}

static int attrs_line(struct attrs *attrs, enum attr i)
{
	uint64_t line = attrs_number(attrs, i);

	return line <= INT32_MAX ? (int)line : 0;
}

static const char *attrs_string(struct attrs *attrs, enum attr i)
{
	const char *name = attrs_have(attrs, i) ? dwarf_formstring(&attrs->at[i]) : NULL;

	return name && *name ? name : NULL;
}

static const char *attrs_name(struct attrs *attrs)
{
	return attrs_string(attrs, ATTR_NAME);
}

enum walk { WALK_INTO, WALK_PAST, WALK_STOP };
typedef enum walk (*walk_visit)(void *ctx, Dwarf_Die *die, unsigned depth);

/* Visits what lies under root, parents before children; root's own children have depth 0. */
static void walk_tree(Dwarf_Die *root, walk_visit visit, void *ctx)
{
	Dwarf_Die at[TREE_DEPTH_MAX];
	unsigned depth = 0;

	if (dwarf_child(root, &at[0]) != 0)
		return;
	for (;;) {
		enum walk next = visit(ctx, &at[depth], depth);

		if (next == WALK_STOP)
			return;
		if (next == WALK_INTO && depth + 1 < TREE_DEPTH_MAX && dwarf_child(&at[depth], &at[depth + 1]) == 0) {
			depth++;
			continue;
		}
		while (dwarf_siblingof(&at[depth], &at[depth]) != 0) {
			if (depth == 0)
				return;
			depth--;
		}
	}
}

/* ---- one unit's index ----------------------------------------------------------------------------------------------
 */

struct unit_builder {
	struct symbolizer_dwarf *sym;
	struct unit *unit;
	Dwarf_Files *files;
	size_t n_files;
	uint32_t node_at[TREE_DEPTH_MAX]; /* the node that encloses each depth's children */
	size_t n_nodes;
	size_t alloc_nodes;
	struct node_range *ranges;
	size_t n_ranges;
	size_t alloc_ranges;
};

static const char *unit_file(const struct unit *unit, const char *file)
{
	return file && unit->joins_dot && strncmp(file, "./", 2) == 0 ? file + 2 : file;
}

/* What an entry and those it stands for say of it. The result is valid until the next call. */
static const struct origin *find_origin(struct symbolizer_dwarf *sym, Dwarf_Attribute *ref)
{
	Dwarf_Die die;
	bool is_new;

	if (!dwarf_formref_die(ref, &die))
		return NULL;
	Dwarf_Off offset = dwarf_dieoffset(&die);
	if (dwarf_cu_getdwarf(die.cu) != sym->dwarf)
		offset = ~offset;
	uint64_t *place = u64map_at(&sym->origin_at, offset, &is_new);
	if (!is_new)
		return &sym->origins[*place];
	*place = sym->n_origins;

	struct origin origin = {0};
	struct attrs attrs;
	for (int hop = 0; hop < ORIGIN_HOPS && attrs_read(&attrs, &die); hop++) {
		if (!origin.name)
			origin.name = attrs_name(&attrs);
		if (!origin.linkage)
			origin.linkage = attrs_string(&attrs, ATTR_LINKAGE_NAME);
		if (!origin.line)
			origin.line = attrs_line(&attrs, ATTR_DECL_LINE);
		enum attr next = attrs_have(&attrs, ATTR_ORIGIN) ? ATTR_ORIGIN : ATTR_SPECIFICATION;
		if ((origin.linkage && origin.line) || !attrs_have(&attrs, next) ||
		    !dwarf_formref_die(&attrs.at[next], &die))
			break;
	}
	ARRAY_GROW(sym->origins, sym->n_origins + 1, sym->alloc_origins);
	sym->origins[sym->n_origins] = origin;
	return &sym->origins[sym->n_origins++];
}

static bool add_ranges(struct unit_builder *b, Dwarf_Die *die, uint32_t node, unsigned depth)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t offset = 0;
	bool any = false;

	while ((offset = dwarf_ranges(die, offset, &base, &start, &end)) > 0) {
		if (start >= end)
			continue;
		if (b->n_ranges == UNIT_ITEMS_MAX)
			break;
		ARRAY_GROW(b->ranges, b->n_ranges + 1, b->alloc_ranges);
		b->ranges[b->n_ranges++] = (struct node_range){start, end, node, depth};
		any = true;
	}
	return any;
}

/* Adds the function or inlined call as a node; NODE_NONE if it has no code here or no name. */
static uint32_t add_node(struct unit_builder *b, Dwarf_Die *die, bool inlined, uint32_t parent, unsigned depth)
{
	struct unit *unit = b->unit;
	const struct origin *origin = NULL;
	struct attrs attrs;
	struct node node = {.parent = inlined ? parent : NODE_NONE};

	if (!attrs_read(&attrs, die) || (!attrs_have(&attrs, ATTR_LOW_PC) && !attrs_have(&attrs, ATTR_RANGES)))
		return NODE_NONE;
	const char *linkage = attrs_string(&attrs, ATTR_LINKAGE_NAME);
	node.name = attrs_name(&attrs);
	node.start_line = attrs_line(&attrs, ATTR_DECL_LINE);
	if (attrs_have(&attrs, ATTR_ORIGIN))
		origin = find_origin(b->sym, &attrs.at[ATTR_ORIGIN]);
	else if (attrs_have(&attrs, ATTR_SPECIFICATION))
		origin = find_origin(b->sym, &attrs.at[ATTR_SPECIFICATION]);
	if (origin && !node.name)
		node.name = origin->name;
	if (origin && !linkage)
		linkage = origin->linkage;
	if (linkage)
		node.name = linkage;
	if (origin && !node.start_line)
		node.start_line = origin->line;
	if (!node.name || b->n_nodes == UNIT_ITEMS_MAX)
		return NODE_NONE;

	size_t first_range = b->n_ranges;
	if (!add_ranges(b, die, b->n_nodes, depth))
		return NODE_NONE;
	if (inlined) {
		uint64_t file = attrs_number(&attrs, ATTR_CALL_FILE);
		if (file < b->n_files)
			node.call_file = unit_file(unit, dwarf_filesrc(b->files, file, NULL, NULL));
		node.call_line = attrs_line(&attrs, ATTR_CALL_LINE);
	} else {
		Dwarf_Addr entry;
		node.entry = dwarf_entrypc(die, &entry) == 0 ? entry : b->ranges[first_range].start;
		node.die = dwarf_dieoffset(die);
	}
	ARRAY_GROW(unit->nodes, b->n_nodes + 1, b->alloc_nodes);
	unit->nodes[b->n_nodes] = node;
	return b->n_nodes++;
}

static enum walk index_die(void *ctx, Dwarf_Die *die, unsigned depth)
{
	struct unit_builder *b = ctx;
	uint32_t outer = depth ? b->node_at[depth - 1] : NODE_NONE;

	switch (dwarf_tag(die)) {
	case DW_TAG_namespace:
	case DW_TAG_module:
		b->node_at[depth] = NODE_NONE;
		return WALK_INTO;
	case DW_TAG_subprogram:
		b->node_at[depth] = add_node(b, die, false, NODE_NONE, depth);
		return b->node_at[depth] == NODE_NONE ? WALK_PAST : WALK_INTO;
	case DW_TAG_inlined_subroutine:
		if (outer == NODE_NONE)
			return WALK_PAST;
		b->node_at[depth] = add_node(b, die, true, outer, depth);
		/* A call that lost its code may still hold one that did not. */
		if (b->node_at[depth] == NODE_NONE)
			b->node_at[depth] = outer;
		return WALK_INTO;
	case DW_TAG_lexical_block:
	case DW_TAG_try_block:
	case DW_TAG_catch_block:
		b->node_at[depth] = outer;
		return outer == NODE_NONE ? WALK_PAST : WALK_INTO;
	case DW_TAG_class_type:
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
		/* GCC leaves the functions of a class that is local to a function, as lambdas are, where they were
		 * written. */
		b->node_at[depth] = NODE_NONE;
		return WALK_INTO;
	default:
		return WALK_PAST;
	}
}

static int compare_node_ranges(const void *a, const void *b)
{
	const struct node_range *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->depth != y->depth)
		return x->depth < y->depth ? -1 : 1;
	return x->node < y->node ? -1 : x->node > y->node;
}

static void add_segment(struct unit *unit, size_t *alloc, elf_vaddr start, uint32_t node)
{
	/* What begins where the last one does replaces it: that one is empty. */
	if (unit->n_segments && unit->segments[unit->n_segments - 1].start == start)
		unit->n_segments--;
	if (unit->n_segments && unit->segments[unit->n_segments - 1].node == node)
		return;
	ARRAY_GROW(unit->segments, unit->n_segments + 1, *alloc);
	unit->segments[unit->n_segments++] = (struct segment){start, node};
}

/* Nested ranges become segments that do not overlap. A range that sticks out of the one around it is cut off there. */
static void flatten(struct unit *unit, struct node_range *ranges, size_t n)
{
	struct node_range *open = NULL; /* innermost last */
	size_t n_open = 0, alloc_open = 0, alloc = 0;

	if (n)
		qsort(ranges, n, sizeof(*ranges), compare_node_ranges);
	for (size_t i = 0; i <= n; i++) {
		elf_vaddr until = i < n ? ranges[i].start : UINT64_MAX;
		while (n_open && open[n_open - 1].end <= until) {
			elf_vaddr end = open[--n_open].end;
			add_segment(unit, &alloc, end, n_open ? open[n_open - 1].node : NODE_NONE);
		}
		if (i == n)
			break;
		struct node_range range = ranges[i];
		if (n_open && range.end > open[n_open - 1].end)
			range.end = open[n_open - 1].end;
		ARRAY_GROW(open, n_open + 1, alloc_open);
		open[n_open++] = range;
		add_segment(unit, &alloc, range.start, range.node);
	}
	free(open);
}

/* Takes bytes from the budget; false, and nothing left, if they are not there. */
static bool spend(struct symbolizer_dwarf *sym, uint64_t bytes)
{
	if (!sym->budget)
		return true;
	if (bytes > *sym->budget) {
		*sym->budget = 0;
		return false;
	}
	*sym->budget -= bytes;
	return true;
}

/* How many bytes a unit's line table says it has, as far as they are there (DWARF 5, 7.4). */
static uint64_t line_table_bytes(const struct symbolizer_dwarf *sym, struct unit *unit)
{
	Dwarf_Attribute attr;
	Dwarf_Word offset;
	uint32_t length;

	if (!sym->lines || !sym->lines->d_buf || !dwarf_attr(&unit->die, DW_AT_stmt_list, &attr) ||
	    dwarf_formudata(&attr, &offset) != 0 || offset > sym->lines->d_size ||
	    sym->lines->d_size - offset < sizeof(length))
		return 0;
	memcpy(&length, (const char *)sym->lines->d_buf + offset, sizeof(length));
	return length < sym->lines->d_size - offset ? length : sym->lines->d_size - offset;
}

/* Whether a unit's line table may be read: libdw reads all of it at once, and a byte of it may be a row. */
static bool may_read_lines(struct symbolizer_dwarf *sym, struct unit *unit)
{
	if (!unit->lines_weighed)
		unit->has_lines = spend(sym, line_table_bytes(sym, unit) * LINE_ROW_BYTES);
	unit->lines_weighed = true;
	return unit->has_lines;
}

static void index_unit(struct symbolizer_dwarf *sym, struct unit *unit)
{
	struct unit_builder b = {.sym = sym, .unit = unit};

	unit->indexed = true;
	if (sym->budget && *sym->budget == 0)
		return;
	if (!may_read_lines(sym, unit) || dwarf_getsrcfiles(&unit->die, &b.files, &b.n_files) != 0)
		b.n_files = 0;
	walk_tree(&unit->die, index_die, &b);
	flatten(unit, b.ranges, b.n_ranges);
	free(b.ranges);
	spend(sym, b.n_nodes * sizeof(*unit->nodes) + unit->n_segments * sizeof(*unit->segments));
}

/* ---- looking up ----------------------------------------------------------------------------------------------------
 */

static uint32_t node_at(const struct unit *unit, elf_vaddr pc)
{
	size_t low = 0, high = unit->n_segments;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (unit->segments[mid].start <= pc)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? unit->segments[low - 1].node : NODE_NONE;
}

/* How many unit ranges begin at or before pc. */
static size_t ranges_until(const struct symbolizer_dwarf *sym, elf_vaddr pc)
{
	size_t low = 0, high = sym->n_ranges;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (sym->ranges[mid].start <= pc)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The units with code at pc, one after another. Ranges of different units should not overlap. */
struct units_at {
	elf_vaddr pc;
	size_t left; /* ranges that have not been looked at */
	size_t asked;
};

static struct units_at units_at(const struct symbolizer_dwarf *sym, elf_vaddr pc)
{
	return (struct units_at){.pc = pc, .left = ranges_until(sym, pc)};
}

/* NULL behind the last. */
static struct unit *next_unit(struct symbolizer_dwarf *sym, struct units_at *at)
{
	while (at->left && sym->ranges[at->left - 1].max_end > at->pc) {
		const struct unit_range *range = &sym->ranges[--at->left];

		if (range->end <= at->pc)
			continue;
		return at->asked++ < OVERLAPS_MAX ? &sym->units[range->unit] : NULL;
	}
	return NULL;
}

/* The unit with code at pc, indexed, and the innermost node there; NULL if there is none. */
static struct unit *find_node(struct symbolizer_dwarf *sym, elf_vaddr pc, uint32_t *node)
{
	struct units_at at = units_at(sym, pc);
	struct unit *unit;

	/* The one that knows a function wins. */
	while ((unit = next_unit(sym, &at))) {
		if (!unit->indexed)
			index_unit(sym, unit);
		*node = node_at(unit, pc);
		if (*node != NODE_NONE)
			return unit;
	}
	return NULL;
}

static const char *line_at(struct symbolizer_dwarf *sym, struct unit *unit, elf_vaddr pc, int *line_number)
{
	Dwarf_Line *line = may_read_lines(sym, unit) ? dwarf_getsrc_die(&unit->die, pc) : NULL;

	*line_number = 0;
	if (!line || dwarf_lineno(line, line_number) != 0)
		return NULL;
	if (*line_number < 0)
		*line_number = 0;
	return unit_file(unit, dwarf_linesrc(line, NULL, NULL));
}

static size_t dwarf_frames(struct symbolizer *base, elf_vaddr pc, struct sym_frame *frames, size_t max)
{
	struct symbolizer_dwarf *sym = (struct symbolizer_dwarf *)base;
	uint32_t at;
	struct unit *unit = find_node(sym, pc, &at);
	size_t n = 0;
	int line;

	if (!unit)
		return 0;
	const char *file = line_at(sym, unit, pc, &line);
	/* Parents come before their children, so this ends. */
	const struct node *physical = &unit->nodes[at];
	while (physical->parent != NODE_NONE)
		physical = &unit->nodes[physical->parent];
	for (; at != NODE_NONE && n < max; n++) {
		const struct node *node = &unit->nodes[at];
		frames[n] = (struct sym_frame){
			.function = node->name,
			.file = file,
			.line = line,
			.start_line = node->start_line,
			.entry = physical->entry,
			.inlined = node != physical,
		};
		file = node->call_file;
		line = node->call_line;
		at = node->parent;
	}
	return n;
}

static bool dwarf_line(struct symbolizer *base, elf_vaddr pc, const char **file, int *line)
{
	struct symbolizer_dwarf *sym = (struct symbolizer_dwarf *)base;
	struct units_at at = units_at(sym, pc);
	struct unit *unit;

	while ((unit = next_unit(sym, &at))) {
		*file = line_at(sym, unit, pc, line);
		if (*file)
			return true;
	}
	return false;
}

/* ---- variables moved to the heap ------------------------------------------------------------------------------------
 */

/*
 * The compiler names the pointer to a variable x on the heap "&x". A closure's pointer to what it captured bears the
 * same name, but nothing was moved there: Go >= 1.23 marks it with an attribute. Before, such a pointer has the line of
 * the func keyword, which it can share only with a parameter, or with a variable of a closure written in one line,
 * which is then left out.
 */
struct moved_search {
	struct sym_moved_variable *vars;
	size_t n;
	size_t max;
	Dwarf_Die *function;
	int captured_line; /* 0: no need to look */
};

struct parameter_search {
	const char *name;
	bool found;
};

static enum walk match_parameter(void *ctx, Dwarf_Die *die, unsigned depth)
{
	struct parameter_search *search = ctx;
	struct attrs attrs;
	const char *name;

	(void)depth;
	if (dwarf_tag(die) != DW_TAG_formal_parameter || !attrs_read(&attrs, die))
		return WALK_PAST;
	name = attrs_name(&attrs);
	if (!name || strcmp(name, search->name) != 0)
		return WALK_PAST;
	search->found = true;
	return WALK_STOP;
}

static bool has_parameter(Dwarf_Die *function, const char *name)
{
	struct parameter_search search = {.name = name};

	walk_tree(function, match_parameter, &search);
	return search.found;
}

/* Bytes of what a pointer points to, 0 if unknown. */
static uint64_t pointee_size(struct attrs *attrs)
{
	Dwarf_Attribute attr;
	bool is_pointee = false;
	Dwarf_Die type;

	if (!attrs_have(attrs, ATTR_TYPE))
		return 0;
	attr = attrs->at[ATTR_TYPE];
	for (int hop = 0; hop < TYPE_HOPS; hop++) {
		struct attrs of;
		int size;

		if (!dwarf_formref_die(&attr, &type) || !attrs_read(&of, &type))
			return 0;
		if (dwarf_tag(&type) == DW_TAG_pointer_type && !is_pointee) {
			is_pointee = true;
		} else if (dwarf_tag(&type) != DW_TAG_typedef) {
			size = is_pointee ? dwarf_bytesize(&type) : 0;
			return size > 0 ? (uint64_t)size : 0;
		}
		if (!attrs_have(&of, ATTR_TYPE))
			return 0;
		attr = of.at[ATTR_TYPE];
	}
	return 0;
}

static enum walk collect_moved(void *ctx, Dwarf_Die *die, unsigned depth)
{
	struct moved_search *search = ctx;
	struct attrs attrs;

	(void)depth;
	switch (dwarf_tag(die)) {
	case DW_TAG_lexical_block:
		return WALK_INTO;
	case DW_TAG_variable:
	case DW_TAG_formal_parameter:
		break;
	default:
		return WALK_PAST;
	}
	if (!attrs_read(&attrs, die) || attrs_have(&attrs, ATTR_CLOSURE_OFFSET))
		return WALK_PAST;
	const char *name = attrs_name(&attrs);
	if (!name || name[0] != '&' || !name[1])
		return WALK_PAST;
	int line = attrs_line(&attrs, ATTR_DECL_LINE);
	if (line && line == search->captured_line && !has_parameter(search->function, name + 1))
		return WALK_PAST;
	search->vars[search->n++] = (struct sym_moved_variable){name + 1, line, pointee_size(&attrs)};
	return search->n < search->max ? WALK_PAST : WALK_STOP;
}

static size_t dwarf_moved_variables(struct symbolizer *base, elf_vaddr entry, struct sym_moved_variable *vars,
				    size_t max)
{
	struct symbolizer_dwarf *sym = (struct symbolizer_dwarf *)base;
	struct moved_search search = {.vars = vars, .max = max};
	uint32_t at;
	struct unit *unit = find_node(sym, entry, &at);
	Dwarf_Die function;

	if (!unit)
		return 0;
	const struct node *node = &unit->nodes[at];
	while (node->parent != NODE_NONE)
		node = &unit->nodes[node->parent];
	if (node->entry != entry || !dwarf_offdie(sym->dwarf, node->die, &function))
		return 0;
	search.function = &function;
	if (sym->go_minor < 23 && go_name_is_closure(node->name)) {
		search.captured_line = node->start_line;
		if (!search.captured_line) /* 1.19 has no line there, but a function's first row is its func keyword */
			line_at(sym, unit, entry, &search.captured_line);
	}
	walk_tree(&function, collect_moved, &search);
	return search.n;
}

/* ---- what a closure captures ----------------------------------------------------------------------------------------
 */

/* The entry of the physical function at `entry`; false if none begins there. */
static bool function_at(struct symbolizer_dwarf *sym, elf_vaddr entry, Dwarf_Die *function)
{
	uint32_t at;
	struct unit *unit = find_node(sym, entry, &at);
	const struct node *node;

	if (!unit)
		return false;
	node = &unit->nodes[at];
	while (node->parent != NODE_NONE)
		node = &unit->nodes[node->parent];
	return node->entry == entry && dwarf_offdie(sym->dwarf, node->die, function);
}

struct capture_search {
	struct symbolizer_dwarf *sym;
	struct sym_captured *out;
	size_t n, max;
};

static enum walk collect_captured(void *ctx, Dwarf_Die *die, unsigned depth)
{
	struct capture_search *search = ctx;
	const struct origin *origin;
	struct attrs attrs;
	const char *name;

	(void)depth;
	if (dwarf_tag(die) == DW_TAG_lexical_block)
		return WALK_INTO;
	if (dwarf_tag(die) != DW_TAG_variable || !attrs_read(&attrs, die) || !attrs_have(&attrs, ATTR_CLOSURE_OFFSET))
		return WALK_PAST;
	name = attrs_name(&attrs);
	if (!name && attrs_have(&attrs, ATTR_ORIGIN)) {
		origin = find_origin(search->sym, &attrs.at[ATTR_ORIGIN]);
		name = origin ? origin->name : NULL;
	}
	if (!name)
		return WALK_PAST;
	search->out[search->n++] = (struct sym_captured){.name = name + (name[0] == '&'),
							 .by_reference = name[0] == '&',
							 .offset = attrs_number(&attrs, ATTR_CLOSURE_OFFSET)};
	return search->n < search->max ? WALK_PAST : WALK_STOP;
}

static size_t dwarf_captured(struct symbolizer *base, elf_vaddr entry, struct sym_captured *out, size_t max)
{
	struct symbolizer_dwarf *sym = (struct symbolizer_dwarf *)base;
	struct capture_search search = {.sym = sym, .out = out, .max = max};
	Dwarf_Die function;

	if (function_at(sym, entry, &function))
		walk_tree(&function, collect_captured, &search);
	return search.n;
}

/* ---- which call made a variable's object ----------------------------------------------------------------------------
 */

/*
 * The list of places where the pointer "&x" is begins behind the call that made x, with the register that the call
 * leaves its result in: no line and no type has to be compared to know what the object is. Code compiled without
 * optimisation has one place for the whole function instead, on the stack, which says nothing.
 */
struct maker_search {
	struct symbolizer_dwarf *sym;
	const elf_vaddr *rets; /* ascending */
	size_t n;
	struct sym_moved_variable *vars;
	bool *contradicts;
};

/* The first at or behind pc. */
static size_t first_ret(const struct maker_search *search, elf_vaddr pc)
{
	size_t low = 0, high = search->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (search->rets[mid] < pc)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void note_maker(struct maker_search *search, size_t i, const struct sym_moved_variable *variable)
{
	struct sym_moved_variable *known = &search->vars[i];

	if (known->name && (strcmp(known->name, variable->name) != 0 || known->line != variable->line))
		search->contradicts[i] = true;
	*known = *variable;
}

static void search_locations(struct maker_search *search, Dwarf_Attribute *location,
			     const struct sym_moved_variable *variable)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t offset = 0;
	Dwarf_Op *ops;
	size_t n_ops;

	for (unsigned i = 0; i < LOCATIONS_MAX; i++) {
		size_t at;

		offset = dwarf_getlocations(location, offset, &base, &start, &end, &ops, &n_ops);
		if (offset <= 0)
			return;
		if (n_ops != 1 || ops[0].atom != DW_OP_reg0)
			continue;
		at = first_ret(search, start);
		if (at < search->n && search->rets[at] == start)
			note_maker(search, at, variable);
	}
}

/* Whether somebody wrote it: the compiler calls its own ".autotmp_0", "~r0", "#state1". */
static bool is_written(const char *name)
{
	return *name == '_' || *name & 0x80 || (*name >= 'A' && *name <= 'Z') || (*name >= 'a' && *name <= 'z');
}

static enum walk find_makers(void *ctx, Dwarf_Die *die, unsigned depth)
{
	struct maker_search *search = ctx;
	struct sym_moved_variable variable;
	Dwarf_Addr start, end;
	struct attrs attrs;
	size_t first;

	(void)depth;
	switch (dwarf_tag(die)) {
	case DW_TAG_subprogram:
		if (dwarf_entrypc(die, &start) != 0 || dwarf_highpc(die, &end) != 0)
			return WALK_PAST;
		first = first_ret(search, start);
		return first < search->n && search->rets[first] <= end ? WALK_INTO : WALK_PAST;
	case DW_TAG_lexical_block:
	case DW_TAG_inlined_subroutine:
		return WALK_INTO;
	case DW_TAG_variable:
	case DW_TAG_formal_parameter:
		break;
	default:
		return WALK_PAST;
	}
	if (!attrs_read(&attrs, die) || !attrs_have(&attrs, ATTR_LOCATION) || attrs_have(&attrs, ATTR_CLOSURE_OFFSET))
		return WALK_PAST;
	variable = (struct sym_moved_variable){attrs_name(&attrs), attrs_line(&attrs, ATTR_DECL_LINE), 0};
	if (!variable.name || variable.name[0] != '&' || !is_written(variable.name + 1))
		return WALK_PAST;
	variable.name++;
	variable.size = pointee_size(&attrs);
	search_locations(search, &attrs.at[ATTR_LOCATION], &variable);
	return WALK_PAST;
}

static void dwarf_moved_by(struct symbolizer *base, const elf_vaddr *rets, size_t n, struct sym_moved_variable *vars)
{
	struct symbolizer_dwarf *sym = (struct symbolizer_dwarf *)base;
	struct maker_search search = {.sym = sym, .rets = rets, .n = n, .vars = vars};
	bool *is_walked = xcalloc(sym->n_units, sizeof(*is_walked));

	search.contradicts = xcalloc(n, sizeof(*search.contradicts));
	for (size_t i = 0; i < sym->n_ranges; i++) {
		const struct unit_range *range = &sym->ranges[i];
		size_t first = first_ret(&search, range->start);

		if (is_walked[range->unit] || first == n || rets[first] > range->end)
			continue;
		is_walked[range->unit] = true;
		walk_tree(&sym->units[range->unit].die, find_makers, &search);
	}
	for (size_t i = 0; i < n; i++) {
		if (search.contradicts[i])
			vars[i] = (struct sym_moved_variable){.name = NULL};
	}
	free(search.contradicts);
	free(is_walked);
}

/* ---- opening -------------------------------------------------------------------------------------------------------
 */

static void close_file(struct dwarf_file *file)
{
	dwarf_end(file->dwarf);
	elf_end(file->elf);
	if (file->fd >= 0)
		close(file->fd);
}

static void dwarf_free(struct symbolizer *base)
{
	struct symbolizer_dwarf *sym = (struct symbolizer_dwarf *)base;

	for (size_t i = 0; i < sym->n_units; i++) {
		free(sym->units[i].nodes);
		free(sym->units[i].segments);
	}
	free(sym->units);
	free(sym->ranges);
	free(sym->origins);
	u64map_release(&sym->origin_at);
	close_file(&sym->file);
	close_file(&sym->shared);
	free(sym);
}

static const struct symbolizer_ops dwarf_ops = {
	.frames = dwarf_frames,
	.line = dwarf_line,
	.moved_variables = dwarf_moved_variables,
	.moved_by = dwarf_moved_by,
	.captured = dwarf_captured,
	.free = dwarf_free,
};

static const char *section_name(Elf *elf, const GElf_Shdr *shdr)
{
	size_t names;
	const char *name = elf_getshdrstrndx(elf, &names) == 0 ? elf_strptr(elf, names, shdr->sh_name) : NULL;

	return name ? name : "";
}

/*
 * Whether the sections say that they fit, before libdw unpacks them, and what libdw keeps of them: of compressed ones
 * both forms.
 */
static int check_sizes(Elf *elf, const char *path, uint64_t *budget, struct error *err)
{
	uint64_t total = 0, kept = 0;

	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));) {
		GElf_Shdr shdr;
		GElf_Chdr chdr;
		if (!gelf_getshdr(scn, &shdr))
			continue;
		if (strstr(section_name(elf, &shdr), "zdebug"))
			return error_set(err, -EPROTONOSUPPORT,
					 "dwarf: failed to read '%s': section %s is compressed in the old GNU way; "
					 "convert it with objcopy --decompress-debug-sections",
					 path, section_name(elf, &shdr));
		/* Sections may lie on top of each other; libdw reads each for itself. */
		if (shdr.sh_type != SHT_NOBITS && strstr(section_name(elf, &shdr), "debug") &&
		    shdr.sh_size < UINT64_MAX - kept)
			kept += shdr.sh_size;
		if (!(shdr.sh_flags & SHF_COMPRESSED) || !gelf_getchdr(scn, &chdr))
			continue;
		if (chdr.ch_size > UNPACKED_MAX - total)
			return error_set(err, -E2BIG,
					 "dwarf: failed to read '%s': its sections claim to unpack to more than %llu "
					 "GiB; build it again or remove its debug information with strip -g",
					 path, (unsigned long long)(UNPACKED_MAX >> 30));
		total += chdr.ch_size;
	}
	if (!budget)
		return 0;
	if (kept > *budget || total > *budget - kept)
		return error_set(err, -E2BIG,
				 "dwarf: failed to read '%s': its debug sections take %llu MiB, %llu MiB are left for "
				 "them; its functions have names only",
				 path, (unsigned long long)((kept + total) >> 20), (unsigned long long)(*budget >> 20));
	*budget -= kept + total;
	return 0;
}

/* libdw 0.188 hands out strings from these sections without looking for their end. */
static int check_strings(Elf *elf, const char *path, struct error *err)
{
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));) {
		GElf_Shdr shdr;
		const char *name = gelf_getshdr(scn, &shdr) ? section_name(elf, &shdr) : "";
		if ((!strstr(name, "debug_str") && !strstr(name, "debug_line_str")) ||
		    strstr(name, "debug_str_offsets"))
			continue;
		for (Elf_Data *data = NULL; (data = elf_getdata(scn, data));) {
			if (data->d_buf && data->d_size && ((const char *)data->d_buf)[data->d_size - 1] != '\0')
				return error_set(err, -EBADMSG,
						 "dwarf: failed to read '%s': section %s does not end with a string",
						 path, name);
		}
	}
	return 0;
}

/* The bytes of a section, which libdw has unpacked; NULL without, or where it is not clear which one libdw has. */
static Elf_Data *section_data(Elf *elf, const char *wanted, bool *is_clear)
{
	Elf_Data *data = NULL;

	*is_clear = true;
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));) {
		GElf_Shdr shdr;
		if (!gelf_getshdr(scn, &shdr) || shdr.sh_type == SHT_NOBITS ||
		    strcmp(section_name(elf, &shdr), wanted) != 0)
			continue;
		if (data)
			*is_clear = false;
		data = elf_rawdata(scn, NULL);
	}
	return *is_clear ? data : NULL;
}

/* How long the table of abbreviations at an offset is, looked at up to max bytes (DWARF 5, 7.5.3). */
static uint64_t abbrevs_bytes(const Elf_Data *abbrevs, uint64_t offset, uint64_t max)
{
	const uint8_t *start = (const uint8_t *)abbrevs->d_buf + offset, *at = start;
	const uint8_t *end = start + (abbrevs->d_size - offset < max ? abbrevs->d_size - offset : max);
	/* Code, tag, whether there are children; then pairs, and with the form implicit_const a third number. */
	uint64_t last[2] = {0, 0};
	unsigned place = 0;

	while (at < end) {
		uint64_t value = place == 2 ? *at++ & 0 : 0;

		for (unsigned shift = 0; place != 2 && at < end; shift += 7) {
			value |= shift < 63 ? (uint64_t)(*at & 0x7f) << shift : 0;
			if (!(*at++ & 0x80))
				break;
		}
		if (place == 0 && value == 0)
			break;
		last[0] = last[1];
		last[1] = value;
		if (place < 4)
			place++;
		else if (place == 4)
			place = value == DW_FORM_implicit_const ? 5 : last[0] == 0 && value == 0 ? 0 : 3;
		else
			place = 3;
	}
	return (uint64_t)(at - start);
}

/*
 * libdw reads the abbreviations of every unit for that unit alone, as far as it has to, and any number of units may
 * have the same: whether that is bounded, before the first unit is asked for.
 */
static int check_abbrevs(const struct dwarf_file *file, const char *path, uint64_t *budget, struct error *err)
{
	uint64_t left = budget ? *budget : ABBREVS_MAX;
	bool is_clear;
	Elf_Data *abbrevs = section_data(file->elf, ".debug_abbrev", &is_clear);

	if (!is_clear)
		return error_set(err, -EBADMSG, "dwarf: failed to read '%s': it has several sections .debug_abbrev",
				 path);
	for (int types = 0; types < 2 && abbrevs && abbrevs->d_buf; types++) {
		Dwarf_Off at = 0, next, offset;
		uint64_t signature;
		size_t header;

		for (; dwarf_next_unit(file->dwarf, at, &next, &header, NULL, &offset, NULL, NULL,
				       types ? &signature : NULL, NULL) == 0;
		     at = next) {
			uint64_t cost = offset < abbrevs->d_size ? abbrevs_bytes(abbrevs, offset, left) : 0;

			if (cost > left / ABBREV_FACTOR)
				return error_set(err, -E2BIG,
						 "dwarf: failed to read '%s': its units have too many abbreviations; "
						 "its functions have names only",
						 path);
			left -= cost * ABBREV_FACTOR;
		}
	}
	if (budget)
		*budget = left;
	return 0;
}

/*
 * libdw joins relative file names to the unit's directory, which is "." in Go units. Names written with -trimpath or in
 * //line directives are relative, and must come out as they were written; "./x.go" comes out as "x.go" however, because
 * the linker stores the two alike.
 */
static bool joins_dot(Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	const char *dir;

	if (dwarf_srclang(die) != DW_LANG_Go || !dwarf_attr(die, DW_AT_comp_dir, &attr))
		return false;
	dir = dwarf_formstring(&attr);
	return dir && strcmp(dir, ".") == 0;
}

static int compare_unit_ranges(const void *a, const void *b)
{
	const struct unit_range *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->unit < y->unit ? -1 : x->unit > y->unit;
}

static void read_units(struct symbolizer_dwarf *sym)
{
	Dwarf_CU *cu = NULL;
	uint8_t type;
	Dwarf_Die die;

	/* A damaged unit hides those behind it, not those before. */
	while (dwarf_get_units(sym->dwarf, cu, &cu, NULL, &type, &die, NULL) == 0) {
		Dwarf_Addr base, start, end;
		ptrdiff_t offset = 0;
		size_t first = sym->n_ranges;

		if (type != DW_UT_compile && type != DW_UT_partial && type != DW_UT_skeleton)
			continue;
		while ((offset = dwarf_ranges(&die, offset, &base, &start, &end)) > 0) {
			if (start >= end)
				continue;
			if (sym->n_ranges == UNIT_ITEMS_MAX)
				break;
			ARRAY_GROW(sym->ranges, sym->n_ranges + 1, sym->alloc_ranges);
			sym->ranges[sym->n_ranges++] = (struct unit_range){start, end, 0, sym->n_units};
		}
		if (sym->n_ranges == first)
			continue;
		ARRAY_GROW(sym->units, sym->n_units + 1, sym->alloc_units);
		sym->units[sym->n_units++] =
			(struct unit){.die = die, .joins_dot = type != DW_UT_skeleton && joins_dot(&die)};
	}
	if (!sym->n_ranges)
		return;
	qsort(sym->ranges, sym->n_ranges, sizeof(*sym->ranges), compare_unit_ranges);
	for (size_t i = 0; i < sym->n_ranges; i++) {
		elf_vaddr before = i ? sym->ranges[i - 1].max_end : 0;
		sym->ranges[i].max_end = sym->ranges[i].end > before ? sym->ranges[i].end : before;
	}
}

static int open_file(struct dwarf_file *file, const struct elf_image *image, uint64_t *budget, struct error *err)
{
	const char *path = elf_image_path(image);
	int ret;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return error_set(err, -ENOSYS, "dwarf: failed to start libelf: %s", elf_errmsg(-1));
	file->fd = fcntl(elf_image_fd(image), F_DUPFD_CLOEXEC, 0);
	if (file->fd < 0) {
		ret = -errno;
		return error_set(err, ret, "dwarf: failed to duplicate the descriptor of '%s': %s", path,
				 reason_text(ret));
	}
	/* Read, not mapped: a file that shrinks meanwhile must not end in SIGBUS. */
	file->elf = elf_begin(file->fd, ELF_C_READ, NULL);
	if (!file->elf)
		return error_set(err, -EBADMSG, "dwarf: failed to read '%s': elf_begin: %s", path, elf_errmsg(-1));
	ret = check_sizes(file->elf, path, budget, err);
	if (ret != 0)
		return ret;
	file->dwarf = dwarf_begin_elf(file->elf, DWARF_C_READ, NULL);
	if (!file->dwarf)
		return error_set(err, -EBADMSG, "dwarf: failed to read '%s': dwarf_begin_elf: %s", path,
				 dwarf_errmsg(-1));
	ret = check_strings(file->elf, path, err);
	if (ret == 0)
		ret = check_abbrevs(file, path, budget, err);
	if (ret != 0)
		return ret;
	/* As long as an alternate file is set, libdw does not go and open the one that .gnu_debugaltlink names. */
	dwarf_setalt(file->dwarf, file->dwarf);
	return 0;
}

int symbolizer_new_dwarf_shared(struct symbolizer **out, const struct elf_image *image, const struct elf_image *shared,
				int go_minor, uint64_t *budget, struct error *err)
{
	const char *path = elf_image_path(image);
	struct symbolizer_dwarf *sym;
	bool is_clear;
	int ret;

	*out = NULL;
	if (!elf_image_section(image, ".debug_info"))
		return error_set(err, -ENODATA,
				 "dwarf: failed to read '%s': no .debug_info section; build it without -ldflags=-w or "
				 "-ldflags=-s and do not strip it",
				 path);

	sym = xcalloc(1, sizeof(*sym));
	sym->base.ops = &dwarf_ops;
	sym->go_minor = go_minor;
	sym->file.fd = sym->shared.fd = -1;
	ret = open_file(&sym->file, image, budget, err);
	if (ret != 0)
		goto fail;
	if (shared) {
		ret = open_file(&sym->shared, shared, budget, err);
		if (ret != 0)
			goto fail;
		dwarf_setalt(sym->file.dwarf, sym->shared.dwarf);
	}
	sym->dwarf = sym->file.dwarf;
	sym->lines = section_data(sym->file.elf, ".debug_line", &is_clear);
	if (!is_clear) {
		ret = error_set(err, -EBADMSG, "dwarf: failed to read '%s': it has several sections .debug_line", path);
		goto fail;
	}
	sym->budget = budget;
	read_units(sym);
	if (!sym->n_units) {
		ret = error_set(err, -ENODATA,
				"dwarf: failed to read '%s': no unit in .debug_info has code; build it again without "
				"-ldflags=-w",
				path);
		goto fail;
	}
	*out = &sym->base;
	return 0;
fail:
	dwarf_free(&sym->base);
	return ret;
}

int symbolizer_new_dwarf_image(struct symbolizer **out, const struct elf_image *image, int go_minor, struct error *err)
{
	return symbolizer_new_dwarf_shared(out, image, NULL, go_minor, NULL, err);
}

int symbolizer_new_dwarf(struct symbolizer **out, const struct go_binary *bin, struct error *err)
{
	return symbolizer_new_dwarf_image(out, go_binary_image(bin), go_binary_minor(bin), err);
}
