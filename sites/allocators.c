/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One sweep over the runtime finds which of its functions can reach the allocator, by calls, jumps and by taking
 * another function's address (systemstack is handed what it shall run). Not followed are the runtime's own work, panics
 * and the like: see go_runtime_aside. The functions that go_runtime_callee knows are sites whether or not this sweep
 * finds a way.
 */
#include "sites/allocators.h"

#include <stdlib.h>

#include <Zydis/Zydis.h>

#include "base/memory.h"

/* One function of the runtime, and one way from it to another. */
struct node {
	elf_vaddr entry, end;
	size_t index; /* among the binary's functions */
	bool allocates;
	bool is_aside;
	uint32_t first_caller; /* + 1, into edges */
};

struct edge {
	uint32_t caller;
	uint32_t next; /* + 1: of those with the same callee */
};

struct reach_sweep {
	const struct go_binary *bin;
	ZydisDecoder *decoder;
	struct node *nodes;
	size_t n_nodes, alloc_nodes;
	struct edge *edges;
	size_t n_edges, alloc_edges;
	struct u64map node_at; /* entry vaddr -> node */
};

static void add_edge(struct reach_sweep *rs, uint32_t caller, elf_vaddr callee)
{
	uint64_t *node = u64map_find(&rs->node_at, callee);

	if (!node || *node == caller)
		return;
	ARRAY_GROW(rs->edges, rs->n_edges + 1, rs->alloc_edges);
	rs->edges[rs->n_edges] = (struct edge){caller, rs->nodes[*node].first_caller};
	rs->nodes[*node].first_caller = (uint32_t)++rs->n_edges;
}

/* Calls, jumps into other functions, and functions whose address is taken: itself or through the word that stands for a
 * function without captures. */
static void sweep_node(struct reach_sweep *rs, uint32_t caller)
{
	elf_vaddr entry = rs->nodes[caller].entry;
	size_t size = rs->nodes[caller].end - entry, offset = 0;
	const uint8_t *code = elf_image_view(go_binary_image(rs->bin), entry, size);
	ZydisDecodedInstruction insn;

	size = code ? size : 0;
	for (; offset < size; offset += insn.length) {
		elf_vaddr target, word;

		if (!ZYAN_SUCCESS(
			    ZydisDecoderDecodeInstruction(rs->decoder, NULL, code + offset, size - offset, &insn)))
			return;
		if (insn.raw.imm[0].is_relative) {
			target = offset + insn.length + (uint64_t)insn.raw.imm[0].value.s;
			if (target >= size)
				add_edge(rs, caller, entry + target);
		} else if (insn.opcode == 0x8d && insn.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT &&
			   insn.raw.modrm.mod == 0 && insn.raw.modrm.rm == 5) {
			target = entry + offset + insn.length + (uint64_t)insn.raw.disp.value;
			if (u64map_find(&rs->node_at, target))
				add_edge(rs, caller, target);
			else if (elf_image_read_ptr(go_binary_image(rs->bin), target, &word))
				add_edge(rs, caller, word);
		}
	}
}

/* Marks whatever leads to an allocator, and not by way of an aside. */
static void spread(struct reach_sweep *rs)
{
	uint32_t *queue = xcalloc(rs->n_nodes, sizeof(*queue));
	size_t n = 0;

	for (size_t i = 0; i < rs->n_nodes; i++) {
		if (rs->nodes[i].allocates)
			queue[n++] = (uint32_t)i;
	}
	for (size_t i = 0; i < n; i++) {
		for (uint32_t e = rs->nodes[queue[i]].first_caller; e; e = rs->edges[e - 1].next) {
			struct node *caller = &rs->nodes[rs->edges[e - 1].caller];

			if (caller->allocates || caller->is_aside)
				continue;
			caller->allocates = true;
			queue[n++] = rs->edges[e - 1].caller;
		}
	}
	free(queue);
}

static void add_allocator(struct allocators *out, const struct go_func *func, const struct callee_info *info)
{
	*u64map_at(&out->at, func->entry, NULL) = out->n;
	ARRAY_GROW(out->items, out->n + 1, out->alloc);
	out->items[out->n++] = (struct allocator){func->name, info};
}

void allocators_find(struct allocators *out, const struct go_binary *bin)
{
	/* What the table does not know is the runtime's affair, and may well do without allocating. */
	static const struct callee_info other = {.cause = CAUSE_RUNTIME_INTERNAL, .may_elide = true};
	ZydisDecoder decoder;
	struct reach_sweep rs = {.bin = bin, .decoder = &decoder, .node_at = U64MAP_INIT};
	size_t count = go_binary_func_count(bin);
	struct go_func func;

	*out = (struct allocators){.at = U64MAP_INIT};
	ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_MINIMAL, ZYAN_TRUE);
	for (size_t i = 0; i < count; i++) {
		if (!go_binary_func(bin, i, &func) ||
		    !go_binary_is_runtime(bin, func.name, go_binary_func_file(bin, &func)))
			continue;
		*u64map_at(&rs.node_at, func.entry, NULL) = rs.n_nodes;
		ARRAY_GROW(rs.nodes, rs.n_nodes + 1, rs.alloc_nodes);
		rs.nodes[rs.n_nodes++] = (struct node){.entry = func.entry,
						       .end = func.end,
						       .index = i,
						       .allocates = go_runtime_is_allocator(func.name),
						       .is_aside = go_runtime_aside(func.name) != NULL};
	}
	for (size_t i = 0; i < rs.n_nodes; i++)
		sweep_node(&rs, (uint32_t)i);
	spread(&rs);
	for (size_t i = 0; i < rs.n_nodes; i++) {
		const struct callee_info *info;

		if (!go_binary_func(bin, rs.nodes[i].index, &func))
			continue;
		info = go_runtime_callee(func.name);
		if (info || rs.nodes[i].allocates)
			add_allocator(out, &func, info ? info : &other);
	}
	free(rs.nodes);
	free(rs.edges);
	u64map_release(&rs.node_at);
}

void allocators_release(struct allocators *allocators)
{
	u64map_release(&allocators->at);
	free(allocators->items);
}

const struct allocator *allocators_at(const struct allocators *allocators, elf_vaddr entry)
{
	const uint64_t *index = u64map_find(&allocators->at, entry);

	return index ? &allocators->items[*index] : NULL;
}
