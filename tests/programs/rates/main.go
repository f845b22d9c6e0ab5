// Rates allocates objects of many sizes and types from marked lines, at a settable rate, and knows exactly what each
// line allocated: every worker has counters of its own. It imports no profiler, so the linker removes Go's own memory
// profiling.
//
//	rates [-seconds 6] [-rate 2000000] [-workers 1] [-order random|strict|locked|buffers] [-retain] [-timeline]
//
// Prints one JSON object at its end or at SIGTERM. With -timeline, also what the counters were every 20 ms, so that a
// window that began later can be compared.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

const (
	sitesMax = 24
	tick     = 20 * time.Millisecond
	batch    = 1000
	retained = 1 << 14
)

type worker struct {
	objects [sitesMax]uint64
	bytes   [sitesMax]uint64
	_       [8]uint64

	order  []uint8 // the sites of one round, in order
	random bool
	seed   uint64
	retain bool
	turn   uint64
	kept   []interface{}
	sink   sink
}

func (w *worker) next() uint64 {
	w.seed ^= w.seed << 13
	w.seed ^= w.seed >> 7
	w.seed ^= w.seed << 17
	return w.seed
}

func (w *worker) count(site uint8, bytes uint64) {
	w.objects[site]++
	w.bytes[site] += bytes
}

func (w *worker) run(rate float64, until time.Time, stop *bool) {
	begun := time.Now()
	done := 0.0
	for at := 0; ; {
		for i := 0; i < batch; i++ {
			if w.random {
				at = int(w.next() % uint64(len(w.order)))
			}
			w.allocate(w.order[at])
			if at++; at >= len(w.order) {
				at = 0
			}
		}
		done += batch
		now := time.Now()
		if *stop || now.After(until) {
			return
		}
		if ahead := done/rate - now.Sub(begun).Seconds(); rate > 0 && ahead > 0.001 {
			time.Sleep(time.Duration(ahead * 1e9))
		}
	}
}

// How often each site occurs in a round. In the strict order a round is always the same: the sites one after another.
func shares(order string) []uint8 {
	weights := map[uint8]int{siteTiny4: 800, siteTiny8: 600, siteArray24: 900, siteTwin24: 300, siteNode: 1000, siteBytes100: 400,
		sitePointers: 200, siteKilobyte: 120, siteWide: 160, siteVariable: 240, siteString: 400, siteBoxed: 400, siteBlock: 1}
	switch order {
	case "strict":
		weights = map[uint8]int{siteArray24: 1, siteTwin24: 1, siteNode: 1, siteBytes100: 1, siteKilobyte: 1, siteWide: 1}
	case "locked":
		// The twins share a size class, and one is always so many objects after the other.
		weights = map[uint8]int{siteArray24: 63, siteTwin24: 1, siteBytes100: 4}
	case "buffers":
		// As of connections: two buffers of a size, two of which fill a span, and four, four of which do. Much else is made
		// between them, of classes that several lines share.
		weights = map[uint8]int{siteTiny4: 250, siteTiny8: 200, siteArray24: 250, siteTwin24: 100, siteNode: 250, siteBytes100: 100,
			siteString: 150, siteBoxed: 150, siteVariable: 50, siteReader: 1, siteWriter: 1, siteFirst: 1, siteSecond: 1,
			siteThird: 1, siteFourth: 1}
	}
	var sites []uint8
	for site := uint8(0); site < sitesMax; site++ {
		for i := 0; i < weights[site]; i++ {
			sites = append(sites, site)
		}
	}
	return sites
}

type count struct {
	Marker  string `json:"marker"`
	Objects uint64 `json:"objects"`
	Bytes   uint64 `json:"bytes"`
	Size    uint64 `json:"size"`   // of one object, 0 if it varies
	NoScan  bool   `json:"noscan"` // no pointers in it
}

type moment struct {
	UnixNs  int64            `json:"unix_ns"`
	Objects [sitesMax]uint64 `json:"objects"`
	Bytes   [sitesMax]uint64 `json:"bytes"`
}

func look(workers []*worker) (m moment) {
	for _, w := range workers {
		for i := range w.objects {
			m.Objects[i] += w.objects[i]
			m.Bytes[i] += w.bytes[i]
		}
	}
	m.UnixNs = time.Now().UnixNano()
	return m
}

func main() {
	seconds := flag.Float64("seconds", 6, "how long to run")
	rate := flag.Float64("rate", 2e6, "objects a second in each worker, 0 for as many as possible")
	n := flag.Int("workers", 1, "goroutines that allocate")
	order := flag.String("order", "random", "of the sites: random, strict, locked, buffers")
	retain := flag.Bool("retain", false, "keep one object in 20 for a while")
	timeline := flag.Bool("timeline", false, "print the counters of every 20 ms")
	flag.Parse()

	var workers []*worker
	for i := 0; i < *n; i++ {
		w := &worker{seed: uint64(i)*0x9e3779b97f4a7c15 + 88172645463325252, order: shares(*order), random: *order == "random",
			retain: *retain, kept: make([]interface{}, retained)}
		workers = append(workers, w)
	}
	moments := make([]moment, 0, int(*seconds/tick.Seconds())+100)
	until := time.Now().Add(time.Duration(*seconds * 1e9))
	stop := false
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	ended := make(chan bool)
	for _, w := range workers {
		go func(w *worker) { w.run(*rate, until, &stop); ended <- true }(w)
	}
	ticker := time.NewTicker(tick)
	moments = append(moments, look(workers))
	for running := len(workers); running > 0; {
		select {
		case <-signals:
			stop = true
		case <-ended:
			running--
		case <-ticker.C:
			if *timeline && len(moments) < cap(moments)-1 {
				moments = append(moments, look(workers))
			}
		}
	}
	last := look(workers)
	moments = append(moments, last)

	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	result := struct {
		Counts   []count  `json:"counts"`
		Mallocs  uint64   `json:"mallocs"`
		Seconds  float64  `json:"seconds"`
		GCs      uint32   `json:"gcs"`
		Timeline []moment `json:"timeline,omitempty"`
	}{Mallocs: stats.Mallocs, GCs: stats.NumGC}
	result.Seconds = float64(last.UnixNs-moments[0].UnixNs) / 1e9
	for i, site := range sites {
		result.Counts = append(result.Counts, count{site.marker, last.Objects[i], last.Bytes[i], site.size, site.noscan})
	}
	if *timeline {
		result.Timeline = moments
	}
	out, err := json.Marshal(result)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(string(out))
}
