/* SPDX-License-Identifier: Apache-2.0 */
#include "recording/site_index.h"

void site_index_init(struct site_index *index, const struct recording *rec)
{
	*index = (struct site_index){.at = U64MAP_INIT};
	for (size_t i = 0; i < rec->n_sites; i++) {
		if (rec->sites[i].ret)
			*u64map_at(&index->at, rec->sites[i].ret, NULL) = i;
	}
}

void site_index_release(struct site_index *index)
{
	u64map_release(&index->at);
}

size_t site_index_find(const struct site_index *index, uint64_t ret)
{
	const uint64_t *site = u64map_find(&index->at, ret);

	return site ? (size_t)*site : REC_NO_SITE;
}

size_t site_index_of(const struct site_index *index, const struct recording *rec, const struct rec_observation *o)
{
	if (o->user == REC_NO_USER_FRAME)
		return REC_NO_SITE;
	return site_index_find(index, rec->locations[o->locations[o->user]].pc);
}

void recording_find_sites(struct recording *rec)
{
	struct site_index index;

	site_index_init(&index, rec);
	for (size_t i = 0; i < rec->n_observations; i++)
		rec->observations[i].site = site_index_of(&index, rec, &rec->observations[i]);
	site_index_release(&index);
}
