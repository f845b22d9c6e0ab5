/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The notation is that of docs/sampling.md: f the sampled part of the time, u what a sample stands for, p a cell's
 * share of its class.
 */
#include "probe/sampling/estimator.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "probe/sampling/tiny.h"

#define Z 1.96
/* Beyond this many standard errors two estimates of one share are taken to disagree (99 %). */
#define DISAGREE 2.58
/* Above this part of the time nothing is taken to be missed. */
#define ALL_OF_IT 0.999
/* How much of it an interval holds, and how closely its width is looked for: to 1 in 2^18 of a class. */
#define CONFIDENCE  0.95
#define WIDTH_STEPS 18
/* One exact window says nothing about how much they differ. */
#define EXACT_WINDOWS_MIN 2
/* Until then nobody knows whether samples have a periodicity bias: so many standard deviations of what a share may be
 * are allowed for it. */
#define UNCHECKED 0.15
/* The doubt left of a class that seems to have but one stack. */
#define LEAST_DOUBT 0.03
/* With few slots a span a program easily has the period of its refills: of two buffers made in turn, two slots a span,
 * refills only ever meet the first. Nothing breaks it as long as all spans are full. With so many slots something does,
 * mostly. */
#define PERIODICITY_SLOTS 10.0
/* How likely it is before anything is known: with two slots a span, and with many. */
#define PERIODICITY_LIKELY 0.8
#define PERIODICITY_SELDOM 0.05
/* What may be missed then at the worst is reckoned to be so much more: a class is seldom all of one pattern. */
#define PERIODICITY_MARGIN 1.1
/* What several stacks share comes so much sooner until it has two exact windows: before, they say nothing. */
#define CONTESTED_HURRY 3
/* Such a class comes first until its exact windows had so many objects, or there were many of them. */
#define PERIODICITY_HURRY	3
#define PERIODICITY_OBJECTS	100.0
#define PERIODICITY_WINDOWS_MAX 16.0

/* Sums over windows of counts x and of the windows' sizes t, for the variance of their ratio. */
struct ratio_sums {
	double x, xx, xt, t, tt;
};

struct cell {
	uint32_t class;
	uint64_t samples;
	double slots;
	struct ratio_sums windows, exact; /* sizes: slots, objects of the class; their own sums are the class's */
	/* of the window that is open */
	double now, exact_now;
	bool touched, exact_touched;
	/* solved */
	double objects, error;
};

struct class_state {
	double samples, slots, slots_squared, tiny, dropped, dropped_tiny, left, left_tiny;
	struct ratio_sums windows; /* slots, by seconds */
	size_t n_windows;	   /* in which it had any */
	double exact_t, exact_tt;  /* objects of the class in exact windows, and their squares */
	size_t n_exact;
	double now, exact_now;
	/* solved */
	double slot_worth, sample_worth; /* u = slot_worth * w + sample_worth is what a sample of weight w stands for */
	double sampled;			 /* part of the slots of full spans that windows saw */
	double total, objects;		 /* in slots, in objects */
	double effective;		 /* Kish's number: as many samples of equal weight would be worth as much */
	double total_error;		 /* relative */
	bool unattributed;
};

struct estimator {
	struct cell *cells;
	size_t n_cells, alloc_cells;
	struct class_state classes[SPAN_CLASSES];
	double on; /* seconds */
	size_t *touched, n_touched, alloc_touched;
	size_t *exact_touched, n_exact_touched, alloc_exact_touched;
};

double student_95(size_t df)
{
	static const double table[] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
				       2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
				       2.080,  2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};

	if (df == 0)
		return INFINITY;
	return df <= ARRAY_SIZE(table) ? table[df - 1] : Z;
}

struct estimator *estimator_new(void)
{
	return xcalloc(1, sizeof(struct estimator));
}

void estimator_free(struct estimator *est)
{
	if (!est)
		return;
	free(est->cells);
	free(est->touched);
	free(est->exact_touched);
	free(est);
}

size_t estimator_add_cell(struct estimator *est, uint32_t class)
{
	ARRAY_GROW(est->cells, est->n_cells + 1, est->alloc_cells);
	est->cells[est->n_cells] = (struct cell){.class = class < SPAN_CLASSES ? class : 0};
	return est->n_cells++;
}

void estimator_add_samples(struct estimator *est, size_t index, uint64_t samples, uint64_t slots)
{
	struct cell *cell = &est->cells[index];

	cell->samples += samples;
	cell->slots += (double)slots;
	cell->now += (double)slots;
	if (!cell->touched) {
		cell->touched = true;
		ARRAY_GROW(est->touched, est->n_touched + 1, est->alloc_touched);
		est->touched[est->n_touched++] = index;
	}
}

void estimator_add_totals(struct estimator *est, uint32_t class, const struct class_totals *totals)
{
	struct class_state *c = &est->classes[class];

	c->samples += (double)totals->samples;
	c->slots += (double)totals->slots;
	c->slots_squared += (double)totals->slots_squared;
	c->tiny += (double)totals->tiny;
	c->dropped += (double)totals->dropped;
	c->dropped_tiny += (double)totals->dropped_tiny;
	c->left += (double)totals->left;
	c->left_tiny += (double)totals->left_tiny;
	c->now += (double)totals->slots;
}

static void add_window(struct ratio_sums *s, double x, double t)
{
	s->x += x;
	s->xx += x * x;
	s->xt += x * t;
	s->t += t;
	s->tt += t * t;
}

void estimator_close_window(struct estimator *est, double seconds)
{
	for (size_t i = 0; i < est->n_touched; i++) {
		struct cell *cell = &est->cells[est->touched[i]];

		add_window(&cell->windows, cell->now, est->classes[cell->class].now);
		cell->now = 0;
		cell->touched = false;
	}
	est->n_touched = 0;
	for (size_t i = 0; i < SPAN_CLASSES; i++) {
		struct class_state *c = &est->classes[i];

		add_window(&c->windows, c->now, seconds);
		c->n_windows += c->now > 0;
		c->now = 0;
	}
	est->on += seconds;
}

void estimator_add_exact(struct estimator *est, size_t index, uint64_t objects)
{
	struct cell *cell = &est->cells[index];

	cell->exact_now += (double)objects;
	est->classes[cell->class].exact_now += (double)objects;
	if (!cell->exact_touched) {
		cell->exact_touched = true;
		ARRAY_GROW(est->exact_touched, est->n_exact_touched + 1, est->alloc_exact_touched);
		est->exact_touched[est->n_exact_touched++] = index;
	}
}

void estimator_close_exact(struct estimator *est, const bool seen[SPAN_CLASSES])
{
	for (size_t i = 0; i < est->n_exact_touched; i++) {
		struct cell *cell = &est->cells[est->exact_touched[i]];
		double t = est->classes[cell->class].exact_now;

		if (seen[cell->class]) {
			add_window(&cell->exact, cell->exact_now, t);
		}
		cell->exact_now = 0;
		cell->exact_touched = false;
	}
	est->n_exact_touched = 0;
	for (size_t i = 0; i < SPAN_CLASSES; i++) {
		struct class_state *c = &est->classes[i];

		if (seen[i] && c->exact_now > 0) {
			c->exact_t += c->exact_now;
			c->exact_tt += c->exact_now * c->exact_now;
			c->n_exact++;
		}
		c->exact_now = 0;
	}
}

/* How many slots the span has that an object of the class lies in, on average. */
static double slots_of_span(const struct class_state *c)
{
	return c->slots > 0 ? c->slots_squared / c->slots : PERIODICITY_SLOTS;
}

/* 1 where two slots a span make it easy to have their period, 0 where there are many. */
static double periodicity_ease(const struct class_state *c)
{
	return fmin(1, fmax(0, (PERIODICITY_SLOTS - slots_of_span(c)) / (PERIODICITY_SLOTS - 2)));
}

/* What part of a class refills do not meet: all but one object of each span. Less of it counts with many slots. */
static double periodicity_unmet(const struct class_state *c)
{
	return periodicity_ease(c) * (1 - 1 / fmax(1, slots_of_span(c)));
}

/* How much of that exact windows have not cleared up yet. */
static double periodicity_doubt(const struct class_state *c)
{
	double known = fmax((double)c->n_exact / PERIODICITY_WINDOWS_MAX, c->exact_t / PERIODICITY_OBJECTS);

	return periodicity_unmet(c) * (c->n_exact < EXACT_WINDOWS_MIN ? 1 : fmax(0, 1 - known));
}

void estimator_doubts(const struct estimator *est, double doubts[SPAN_CLASSES])
{
	double sum[SPAN_CLASSES] = {0}, squares[SPAN_CLASSES] = {0};

	for (size_t i = 0; i < est->n_cells; i++) {
		const struct cell *cell = &est->cells[i];

		sum[cell->class] += cell->slots;
		squares[cell->class] += cell->slots * cell->slots;
	}
	for (size_t i = 0; i < SPAN_CLASSES; i++) {
		double contested = sum[i] > 0 ? 1 - squares[i] / (sum[i] * sum[i]) : 0;

		if (est->classes[i].n_exact < EXACT_WINDOWS_MIN)
			contested *= CONTESTED_HURRY;
		doubts[i] = (LEAST_DOUBT + contested) / (1 + (double)est->classes[i].n_exact) +
			    PERIODICITY_HURRY * periodicity_doubt(&est->classes[i]);
	}
}

/*
 * Variance of the ratio of all x to all t, from how far each window's x is from its part by t; t and tt are sums over
 * all windows, also those without x. As found: few windows may agree by chance.
 */
static double raw_ratio_variance(const struct ratio_sums *s, double t, double tt, size_t windows)
{
	double m = (double)windows, r;

	if (windows < 2 || t <= 0)
		return 0;
	r = s->x / t;
	return m / (m - 1) * fmax(0, s->xx - 2 * r * s->xt + r * r * tt) / (t * t);
}

/* For a 95 % interval: Student's quantile in place of the normal one, as a factor. */
static double ratio_variance(const struct ratio_sums *s, double t, double tt, size_t windows)
{
	double factor = windows < 2 ? 0 : student_95(windows - 1) / Z;

	return factor * factor * raw_ratio_variance(s, t, tt, windows);
}

/*
 * Half the width of Wilson's 95 % interval for a share seen in n samples, measured from p to the farther end: it stays
 * wide where nearly all or nearly none of few samples are the cell's.
 */
static double wilson(double p, double n)
{
	double zz = Z * Z, centre, half, upper, lower;

	if (n <= 0)
		return 1;
	centre = (p + zz / (2 * n)) / (1 + zz / n);
	half = Z / (1 + zz / n) * sqrt(fmax(0, p * (1 - p) / n + zz / (4 * n * n)));
	upper = centre + half - p;
	lower = p - (centre - half);
	return fmin(1, fmax(upper, lower));
}

/* What the samples of a class stand for if its slots are scaled by time: f of it the probes stood. */
static void solve_class(struct class_state *c, double f, double f_cold, double seconds)
{
	double refilled = c->slots / f, dropped = c->dropped / f_cold + c->left, variance;

	/* Every sample is an object, even if the span it opened is still open. */
	dropped = fmax(dropped, c->samples / f - refilled);
	c->total = refilled + dropped;
	c->objects = c->total + c->tiny / f + c->dropped_tiny / f_cold + c->left_tiny;
	c->slot_worth = 1 / f;
	c->sample_worth = c->samples > 0 ? dropped / c->samples : 0;
	c->unattributed = c->samples <= 0;
	c->total_error = 0;
	if (f < ALL_OF_IT && refilled > 0) {
		variance = (1 - f) * ratio_variance(&c->windows, c->windows.t, c->windows.tt, c->n_windows);
		c->total_error = c->n_windows > 1 ? Z * sqrt(variance) * seconds / refilled : 1 - f;
	}
}

/* The runtime's own count in place of the total scaled by time; both span classes of a size share it. */
static void use_count(struct class_state *c, double scale, double error)
{
	c->total *= scale;
	c->objects *= scale;
	c->slot_worth *= scale;
	c->sample_worth *= scale;
	c->total_error = error;
}

static void use_counts(struct class_state *classes, const struct heap_stats *used, double error)
{
	struct class_state *tiny = &classes[SPAN_CLASS_TINY];

	for (uint32_t i = 0; i < SIZE_CLASSES; i++) {
		struct class_state *scan = &classes[2 * i], *noscan = &classes[2 * i + 1];
		double scaled = scan->total + noscan->total, samples = scan->samples + noscan->samples;
		double count = i ? (double)used->small[i] : (double)used->large;

		if (scaled > 0) {
			count = fmax(count, samples) / scaled;
			use_count(scan, count, error);
			use_count(noscan, count, error);
		} else if (i) { /* nobody knows which of the two */
			noscan->total = count;
		}
	}
	tiny->objects = tiny->total + (double)used->tiny;
}

static void finish_class(struct class_state *c)
{
	double a = c->slot_worth, b = c->sample_worth, squares;

	squares = a * a * c->slots_squared + 2 * a * b * c->slots + b * b * c->samples;
	c->effective = squares > 0 ? c->total * c->total / squares : 0;
	c->sampled = a > 1 ? 1 / a : 1;
}

/* The size a cell's objects have for the tiny allocator, 0 if they have slots of their own. */
static size_t tiny_size(double mean_size)
{
	return mean_size >= 1 && mean_size < TINY_SLOT ? (size_t)lround(fmin(mean_size, TINY_SLOT - 1)) : 0;
}

struct share {
	double p;
	double variance; /* what an interval is made of */
	double spread;	 /* what a weight is made of: variance without the allowance for there being few windows */
};

/* By the samples: what is left open inside windows, and how windows differ. */
static struct share sampled_share(const struct class_state *c, const struct cell *cell)
{
	double p = fmin(1, cell->objects / c->objects), rest = c->sampled < ALL_OF_IT ? 1 - c->sampled : 0;
	/* No large object is missed in a window. */
	double within = cell->class ? wilson(p, c->effective) / Z : 0;
	double variance = within * within;

	if (c->n_windows > 1)
		/* The difference between windows has its part of what a window's own samples leave open. */
		variance = (1 - rest) * variance +
			   rest * ratio_variance(&cell->windows, c->windows.x, c->windows.xx, c->n_windows);
	else
		variance += rest * rest * p * p / (Z * Z); /* one window says nothing about the rest */
	return (struct share){p, variance, variance};
}

static struct share exact_share(const struct class_state *c, const struct cell *cell)
{
	double p = cell->exact.x / c->exact_t, within = wilson(p, c->exact_t) / Z, floor = within * within;
	double m = (double)c->n_exact, raw = raw_ratio_variance(&cell->exact, c->exact_t, c->exact_tt, c->n_exact);

	return (struct share){p, fmax(ratio_variance(&cell->exact, c->exact_t, c->exact_tt, c->n_exact), floor),
			      fmax(raw * (1 + 2 / (m - 1)), floor)};
}

/* The two estimates of a share, weighted by their spreads, if refills are off by so much more than their own. */
static struct share average(struct share refills, struct share exact, double bias)
{
	double w = 1 / (refills.spread + bias), v = 1 / exact.spread;

	v /= w + v;
	w = 1 - v;
	return (struct share){.p = w * refills.p + v * exact.p,
			      .variance = w * w * (refills.variance + bias) + v * v * exact.variance};
}

/* How far refills may be off in a program with their period, as a variance: they say that a share is p, and q is what
 * others say, if there are any. */
static double periodicity_variance(const struct class_state *c, double p, double q)
{
	double most = PERIODICITY_MARGIN * periodicity_unmet(c) * fmax(p, 1 - p) / Z;

	return fmax(most * most, UNCHECKED * UNCHECKED * fmax(p * (1 - p), q * (1 - q)));
}

/* How likely a periodicity bias is, if exact windows are by d off the refills: variance of that is to be expected
 * anyway, and periodic more if there is one. */
static double periodicity_likelihood(const struct class_state *c, double d, double variance, double periodic)
{
	double prior = PERIODICITY_SELDOM + (PERIODICITY_LIKELY - PERIODICITY_SELDOM) * periodicity_ease(c);
	double both = variance + periodic;
	double odds = prior / (1 - prior) * sqrt(variance / both) * exp(d * d / 2 * (1 / variance - 1 / both));

	return isfinite(odds) ? odds / (1 + odds) : 1;
}

/* Half the width that holds 95 % of two normal distributions, a part of the one and the rest of the other, around p. */
static double mixed_width(const struct share *a, const struct share *b, double part_of_b, double p)
{
	const struct share *of[] = {a, b};
	const double part[] = {1 - part_of_b, part_of_b};
	double low = 0, high = 1;

	for (int step = 0; step < WIDTH_STEPS; step++) {
		double width = (low + high) / 2, held = 0;

		for (size_t i = 0; i < ARRAY_SIZE(of); i++) {
			double scale = M_SQRT1_2 / sqrt(of[i]->variance), off = of[i]->p - p;

			held += part[i] * (erf((off + width) * scale) - erf((off - width) * scale)) / 2;
		}
		if (held < CONFIDENCE)
			low = width;
		else
			high = width;
	}
	return high;
}

/*
 * What refills and exact windows say together: the mean of two accounts, one without a periodicity bias of refills and
 * one with it, each as likely as what was seen makes it. Exact windows come at random times and have none; few of
 * them contradict nothing, and prove as little. Where they do contradict the refills, these are off in either account.
 */
static struct share combine(const struct class_state *c, struct share refills, struct share exact)
{
	double d = refills.p - exact.p, sum = refills.variance + exact.variance;
	double bias = d * d > DISAGREE * DISAGREE * sum ? d * d - sum : 0;
	double periodic = periodicity_variance(c, refills.p, exact.p), likely, p, width;
	struct share apart, biased;

	if (exact.spread <= 0 || refills.spread <= 0)
		return refills;
	likely = periodicity_likelihood(c, d, sum, periodic);
	apart = average(refills, exact, bias);
	biased = average(refills, exact, fmax(bias, periodic));
	p = apart.p + likely * (biased.p - apart.p);
	width = mixed_width(&apart, &biased, likely, p) / Z;
	return (struct share){.p = p, .variance = width * width};
}

/* Objects of every cell by the samples alone: what they stand for, and in the class of tiny objects what shares slots
 * with them. */
static void weigh_cells(struct estimator *est, const double *mean_size)
{
	double seen[SPAN_CLASSES] = {0}, slots[TINY_SLOT] = {0}, objects[TINY_SLOT], more = 0;
	const struct class_state *tiny = &est->classes[SPAN_CLASS_TINY];
	double shared = tiny->objects - tiny->total;

	for (size_t i = 0; i < est->n_cells; i++) {
		struct cell *cell = &est->cells[i];
		const struct class_state *c = &est->classes[cell->class];

		cell->objects = c->slot_worth * cell->slots + c->sample_worth * (double)cell->samples;
		seen[cell->class] += cell->objects;
	}
	for (size_t i = 0; i < est->n_cells; i++) {
		struct cell *cell = &est->cells[i];

		/* Samples whose stack was lost leave their part to the others. */
		if (seen[cell->class] > 0)
			cell->objects *= est->classes[cell->class].total / seen[cell->class];
		if (cell->class == SPAN_CLASS_TINY)
			slots[tiny_size(mean_size[i])] += cell->objects;
	}
	slots[0] = 0;
	tiny_objects(slots, objects);
	for (size_t t = 1; t < TINY_SLOT; t++)
		more += objects[t] - slots[t];
	/* What is shared is known in all, and split as the sizes have it. */
	for (size_t i = 0; i < est->n_cells && more > 0 && shared > 0; i++) {
		struct cell *cell = &est->cells[i];
		size_t size = cell->class == SPAN_CLASS_TINY ? tiny_size(mean_size[i]) : 0;

		if (size && slots[size] > 0)
			cell->objects *= 1 + (objects[size] / slots[size] - 1) * shared / more;
	}
}

void estimator_solve(struct estimator *est, const struct estimator_span *span)
{
	double f = span->seconds > 0 ? fmin(1, est->on / span->seconds) : 1;
	double f_cold = span->seconds > 0 ? fmin(1, span->cold_seconds / span->seconds) : 1;
	double sum[SPAN_CLASSES] = {0};

	f = f > 0 ? f : 1;
	f_cold = f_cold > 0 ? f_cold : 1;
	for (uint32_t i = 0; i < SPAN_CLASSES; i++)
		solve_class(&est->classes[i], i ? f : f_cold, f_cold, span->seconds);
	if (span->used)
		use_counts(est->classes, span->used, span->used_error);
	for (uint32_t i = 0; i < SPAN_CLASSES; i++)
		finish_class(&est->classes[i]);
	weigh_cells(est, span->mean_size);
	for (size_t i = 0; i < est->n_cells; i++) {
		struct cell *cell = &est->cells[i];
		const struct class_state *c = &est->classes[cell->class];
		struct share share;

		if (c->objects <= 0) {
			cell->objects = cell->error = 0;
			continue;
		}
		share = sampled_share(c, cell);
		if (cell->class && c->n_exact >= EXACT_WINDOWS_MIN)
			share = combine(c, share, exact_share(c, cell));
		else if (cell->class)
			share.variance += periodicity_variance(c, share.p, share.p);
		cell->objects = share.p;
		cell->error = Z * sqrt(share.variance);
		sum[cell->class] += share.p;
	}
	for (size_t i = 0; i < est->n_cells; i++) {
		struct cell *cell = &est->cells[i];
		const struct class_state *c = &est->classes[cell->class];

		if (sum[cell->class] <= 0)
			continue;
		cell->objects *= c->objects / sum[cell->class];
		cell->error = hypot(cell->error * c->objects, cell->objects * c->total_error);
	}
}

struct estimate estimator_result(const struct estimator *est, size_t index)
{
	const struct cell *cell = &est->cells[index];

	return (struct estimate){cell->objects, cell->error, cell->samples + (uint64_t)cell->exact.x};
}

double estimator_class_slots(const struct estimator *est, uint32_t class)
{
	return est->classes[class].total;
}

double estimator_unattributed(const struct estimator *est, uint32_t class)
{
	return est->classes[class].unattributed ? est->classes[class].total : 0;
}
