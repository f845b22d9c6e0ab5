/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One event that never counts anything (PERF_COUNT_SW_DUMMY) and one ring for each CPU: the kernel allows a ring of
 * events that threads inherit only where it is bound to a CPU. Records of several rings are put in order by time.
 */
#include "unwind/mmap_events.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/strpool.h"
#include "unwind/c_process_internal.h"

/* Of 4 KiB; a power of two. A record has some 120 bytes: 250 mappings from one time to the next. */
#define RING_PAGES 8
#define PAGE_BYTES 4096ull
#define RING_BYTES (RING_PAGES * PAGE_BYTES)
/* The kernel writes none larger: a path has at most 4096 bytes. */
#define MAX_RECORD_BYTES 8192

struct ring {
	int fd;
	struct perf_event_mmap_page *page; /* followed by the data */
};

struct mmap_events {
	pid_t pid;
	struct ring *rings;
	size_t n;
};

/* One that was read: a mapping, or that the process executed a program. */
struct record {
	uint64_t time;
	bool is_exec;
	struct map_entry map;
};

struct batch {
	struct record *items;
	size_t n, alloc;
	struct strpool *paths;
	uint64_t lost;
};

static int open_ring(struct ring *ring, pid_t pid, int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
		.sample_type = PERF_SAMPLE_TIME,
		.sample_id_all = 1,
		.inherit = 1,
		.mmap = 1,
		.mmap2 = 1,
		.comm = 1,
		.comm_exec = 1,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};

	ring->fd = (int)syscall(SYS_perf_event_open, &attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	if (ring->fd < 0)
		return -errno;
	ring->page = mmap(NULL, PAGE_BYTES + RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
	if (ring->page == MAP_FAILED) {
		ring->page = NULL;
		return -errno;
	}
	return 0;
}

int mmap_events_open(struct mmap_events **out, pid_t pid)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	struct mmap_events *events = xcalloc(1, sizeof(*events));
	int ret = 0;

	events->pid = pid;
	events->rings = xcalloc(cpus > 0 ? (size_t)cpus : 1, sizeof(*events->rings));
	for (int cpu = 0; cpu < cpus && ret == 0; cpu++) {
		ret = open_ring(&events->rings[events->n++], pid, cpu);
		if (ret == -ENODEV) { /* a CPU that is switched off */
			events->n--;
			ret = 0;
		}
	}
	if (ret == 0 && events->n == 0)
		ret = -ENODEV;
	if (ret) {
		mmap_events_free(events);
		return ret;
	}
	*out = events;
	return 0;
}

void mmap_events_free(struct mmap_events *events)
{
	if (!events)
		return;
	for (size_t i = 0; i < events->n; i++) {
		if (events->rings[i].page)
			munmap(events->rings[i].page, PAGE_BYTES + RING_BYTES);
		if (events->rings[i].fd >= 0)
			close(events->rings[i].fd);
	}
	free(events->rings);
	free(events);
}

/* As the kernel writes it: struct perf_event_header, pid, tid, and then */
struct mmap2 {
	uint64_t start, size, page_offset;
	uint32_t major, minor;
	uint64_t inode, generation;
	uint32_t prot, flags;
	char path[]; /* NUL-terminated, padded to 8 bytes; behind it the time */
};

static void take_record(struct batch *batch, pid_t pid, const struct perf_event_header *header, const uint8_t *bytes)
{
	size_t size = header->size, at = sizeof(*header);
	struct record record = {.time = 0};
	struct mmap2 mapped;
	uint32_t of_pid;
	uint64_t lost;

	if (header->type == PERF_RECORD_LOST && size >= at + 16) {
		memcpy(&lost, bytes + at + 8, sizeof(lost));
		batch->lost += lost;
		return;
	}
	if (size < at + 8 + sizeof(record.time))
		return;
	memcpy(&of_pid, bytes + at, sizeof(of_pid));
	memcpy(&record.time, bytes + size - sizeof(record.time), sizeof(record.time));
	if (of_pid != (uint32_t)pid)
		return; /* a child's */
	at += 8;
	if (header->type == PERF_RECORD_COMM && header->misc & PERF_RECORD_MISC_COMM_EXEC) {
		record.is_exec = true;
	} else if (header->type == PERF_RECORD_MMAP2 && size >= at + sizeof(mapped) + sizeof(record.time) &&
		   !(header->misc & PERF_RECORD_MISC_MMAP_BUILD_ID)) {
		const char *path = (const char *)bytes + at + sizeof(mapped);

		memcpy(&mapped, bytes + at, sizeof(mapped));
		record.map = (struct map_entry){
			.start = mapped.start,
			.end = mapped.start + mapped.size,
			.offset = mapped.page_offset,
			.inode = mapped.inode,
			.major = mapped.major,
			.minor = mapped.minor,
			.executable = true,
			.path = strpool_add_n(batch->paths, path,
					      strnlen(path, size - at - sizeof(mapped) - sizeof(record.time))),
		};
	} else {
		return;
	}
	ARRAY_GROW(batch->items, batch->n + 1, batch->alloc);
	batch->items[batch->n++] = record;
}

static void read_ring(struct batch *batch, pid_t pid, const struct ring *ring)
{
	uint64_t head = __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE), tail = ring->page->data_tail;
	const uint8_t *data = (const uint8_t *)ring->page + PAGE_BYTES;
	uint64_t aligned[MAX_RECORD_BYTES / 8];
	uint8_t *bytes = (uint8_t *)aligned;

	while (head - tail >= sizeof(struct perf_event_header)) {
		struct perf_event_header header;

		/* Records begin at multiples of 8, so that the header is in one piece; the rest may not be. */
		memcpy(&header, data + tail % RING_BYTES, sizeof(header));
		if (header.size < sizeof(header) || header.size > head - tail)
			break;
		if (header.size <= MAX_RECORD_BYTES) {
			size_t first = (size_t)(RING_BYTES - tail % RING_BYTES);

			if (first > header.size)
				first = header.size;
			memcpy(bytes, data + tail % RING_BYTES, first);
			memcpy(bytes + first, data, header.size - first);
			take_record(batch, pid, &header, bytes);
		}
		tail += header.size;
	}
	__atomic_store_n(&ring->page->data_tail, head, __ATOMIC_RELEASE);
}

static int compare_records(const void *a, const void *b)
{
	const struct record *x = a, *y = b;

	return x->time < y->time ? -1 : x->time > y->time;
}

uint64_t mmap_events_drain(struct mmap_events *events, struct c_process *process)
{
	struct batch batch = {.paths = strpool_new()};

	for (size_t i = 0; i < events->n; i++)
		read_ring(&batch, events->pid, &events->rings[i]);
	if (batch.n)
		qsort(batch.items, batch.n, sizeof(*batch.items), compare_records);
	for (size_t i = 0; i < batch.n; i++) {
		if (batch.items[i].is_exec)
			c_process_remove(process, 0, UINT64_MAX);
		else
			c_process_add_entry(process, &batch.items[i].map);
	}
	free(batch.items);
	strpool_free(batch.paths);
	return batch.lost;
}
