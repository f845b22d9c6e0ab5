/* SPDX-License-Identifier: Apache-2.0 */
#include "base/strpool.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "base/u64map.h"

#define CHUNK_BYTES 65536

struct chunk {
	struct chunk *next;
	size_t used;
	size_t size;
	char data[];
};

struct slot {
	const char *s;
	uint32_t len;
	uint32_t hash;
};

struct strpool {
	struct chunk *chunks;
	struct slot *slots;
	size_t n;
	size_t mask;
};

struct strpool *strpool_new(void)
{
	struct strpool *pool = xcalloc(1, sizeof(*pool));

	pool->slots = xcalloc(256, sizeof(*pool->slots));
	pool->mask = 255;
	return pool;
}

void strpool_free(struct strpool *pool)
{
	if (!pool)
		return;
	for (struct chunk *c = pool->chunks; c;) {
		struct chunk *next = c->next;

		free(c);
		c = next;
	}
	free(pool->slots);
	free(pool);
}

static struct slot *slot_for(struct slot *slots, size_t mask, uint32_t hash, const char *s, size_t len)
{
	size_t i = hash & mask;

	while (slots[i].s && (slots[i].hash != hash || slots[i].len != len || memcmp(slots[i].s, s, len) != 0))
		i = (i + 1) & mask;
	return &slots[i];
}

static void grow(struct strpool *pool)
{
	size_t n = (pool->mask + 1) * 2;
	struct slot *slots = xcalloc(n, sizeof(*slots));

	for (size_t i = 0; i <= pool->mask; i++) {
		struct slot *old = &pool->slots[i];

		if (old->s)
			*slot_for(slots, n - 1, old->hash, old->s, old->len) = *old;
	}
	free(pool->slots);
	pool->slots = slots;
	pool->mask = n - 1;
}

static const char *store(struct strpool *pool, const char *s, size_t len)
{
	struct chunk *c = pool->chunks;
	char *copy;

	if (!c || c->size - c->used < len + 1) {
		size_t size = len + 1 > CHUNK_BYTES ? len + 1 : CHUNK_BYTES;

		c = xmalloc(sizeof(*c) + size);
		c->used = 0;
		c->size = size;
		c->next = pool->chunks;
		pool->chunks = c;
	}
	copy = c->data + c->used;
	memcpy(copy, s, len);
	copy[len] = '\0';
	c->used += len + 1;
	return copy;
}

const char *strpool_add_n(struct strpool *pool, const char *s, size_t len)
{
	uint32_t hash = (uint32_t)bytes_hash(s, len);
	struct slot *slot;

	if (pool->n * 4 >= (pool->mask + 1) * 3)
		grow(pool);
	slot = slot_for(pool->slots, pool->mask, hash, s, len);
	if (!slot->s) {
		slot->s = store(pool, s, len);
		slot->len = (uint32_t)len;
		slot->hash = hash;
		pool->n++;
	}
	return slot->s;
}

const char *strpool_add(struct strpool *pool, const char *s)
{
	return s ? strpool_add_n(pool, s, strlen(s)) : NULL;
}

const char *strpool_addf(struct strpool *pool, const char *fmt, ...)
{
	struct strbuf sb = STRBUF_INIT;
	const char *s;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&sb, fmt, ap);
	va_end(ap);
	s = strpool_add_n(pool, strbuf_str(&sb), sb.len);
	strbuf_release(&sb);
	return s;
}

const char *strpool_find(const struct strpool *pool, const char *s, size_t len)
{
	return slot_for(pool->slots, pool->mask, (uint32_t)bytes_hash(s, len), s, len)->s;
}
