// Bracket is a daemon that holds a recording against the runtime's own count. It writes "ready PID" to standard output
// once it is up. Each SIGUSR2 makes it print how many objects the process has made so far:
//
//	{"mallocs":1234}
//
// Each SIGUSR1 makes it allocate known numbers of objects from marked lines between two such readings:
//
//	{"before":1234,"after":5678,"counts":[{"marker":"node","objects":1009,"bytes":16144},...]}
//
// So what a recording that began after one SIGUSR2 and ended before the next must have lies between after - before and the
// difference of the two. Between signals it allocates nothing. SIGTERM ends it.
//
//	bracket [-rounds 1009] [-rate 0]
//
// With -rate, so many objects are allocated each second besides, from one more line, in no account.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"time"
)

type node struct {
	next  *node
	value int
}

var (
	sinkNode   *node
	sinkArray  *[3]uint64
	sinkBytes  []byte
	sinkBlock  *[512]uint64
	sinkSteady *[5]uint64
	stats      runtime.MemStats
)

//go:noinline
func makeNode() { sinkNode = &node{nil, 1} } // @node

//go:noinline
func makeArray() { sinkArray = new([3]uint64) } // @array

//go:noinline
func makeTwin() { sinkArray = new([3]uint64) } // @twin

//go:noinline
func makeBytes() { sinkBytes = make([]byte, 100) } // @bytes

//go:noinline
func makeBlock() { sinkBlock = new([512]uint64) } // @block

// The next number of a random sequence (xorshift), and what its bits choose.
func next(seed uint64) uint64 {
	seed ^= seed << 13
	seed ^= seed >> 7
	return seed ^ seed<<17
}

func isTwin(seed, k uint64) bool { return (seed>>k)&3 == 0 }

// Lines whose order within a round, and so within a size class, is not in step with anything: the class of array and twin
// is told apart by which line it is that a refill meets.
func work(rounds int, seed uint64) {
	for i := 0; i < rounds; i++ {
		seed = next(seed)
		for k := uint64(0); k < 4; k++ {
			if isTwin(seed, k) {
				makeTwin()
			} else {
				makeArray()
			}
		}
		makeNode()
		makeNode()
		makeBytes()
		if i%16 == 0 {
			makeBlock()
		}
	}
}

// What work makes.
func counted(rounds int, seed uint64) string {
	arrays, twins := 0, 0
	for i := 0; i < rounds; i++ {
		seed = next(seed)
		for k := uint64(0); k < 4; k++ {
			if isTwin(seed, k) {
				twins++
			} else {
				arrays++
			}
		}
	}
	var lines []string
	for _, line := range []struct {
		marker        string
		objects, size int
	}{{"node", 2 * rounds, 16}, {"array", arrays, 24}, {"twin", twins, 24}, {"bytes", rounds, 100}, {"block", (rounds + 15) / 16, 4096}} {
		lines = append(lines, fmt.Sprintf(`{"marker":"%s","objects":%d,"bytes":%d}`, line.marker, line.objects, line.objects*line.size))
	}
	return strings.Join(lines, ",")
}

func mallocs() uint64 {
	runtime.ReadMemStats(&stats)
	return stats.Mallocs
}

//go:noinline
func steady(n int) {
	for i := 0; i < n; i++ {
		sinkSteady = new([5]uint64) // @steady
	}
}

func main() {
	rounds := flag.Int("rounds", 1009, "rounds for each SIGUSR1, of seven objects and a little")
	rate := flag.Int("rate", 0, "objects each second")
	flag.Parse()
	debug.SetGCPercent(400)
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTERM)
	const perSecond = 50
	var ticks <-chan time.Time
	if *rate > 0 {
		ticks = time.NewTicker(time.Second / perSecond).C
	}
	const seed = 88172645463325252
	counts := counted(*rounds, seed)
	fmt.Println("ready", os.Getpid())
	for {
		select {
		case <-ticks:
			steady(*rate / perSecond)
		case s := <-signals:
			switch s {
			case syscall.SIGUSR1:
				before := mallocs()
				work(*rounds, seed)
				after := mallocs()
				fmt.Printf("{\"before\":%d,\"after\":%d,\"counts\":[%s]}\n", before, after, counts)
			case syscall.SIGUSR2:
				fmt.Printf("{\"mallocs\":%d}\n", mallocs())
			case syscall.SIGTERM:
				return
			}
		}
	}
}
