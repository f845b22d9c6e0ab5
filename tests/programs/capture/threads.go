package main

import (
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// Allocation in company: many goroutines, growing stacks, a collector that never rests.

var slots [64]struct {
	object *[5]uint64
	_      [56]byte
}

//go:noinline
func worker(slot int) {
	for i := 0; i < 1999; i++ {
		slots[slot].object = new([5]uint64) // @goroutine
	}
}

//go:noinline
func goroutines() {
	before := runtime.GOMAXPROCS(0)
	if before < 4 {
		runtime.GOMAXPROCS(4) // more threads than this may have processors, so that they interrupt each other
	}
	var done sync.WaitGroup
	for g := 0; g < 61; g++ {
		slot := g
		done.Add(1)
		go func() {
			defer done.Done()
			worker(slot)
		}()
	}
	done.Wait()
	runtime.GOMAXPROCS(before)
	expect("goroutine", 61*1999, 40*61*1999)
}

//go:noinline
func descend(slot, depth int) byte {
	var pad [200]byte
	slots[slot].object = new([5]uint64) // @recursion
	pad[depth%200] = byte(depth)
	if depth > 1 {
		pad[0] += descend(slot, depth-1)
	}
	return pad[depth%200]
}

// recursion: each goroutine starts on the smallest stack, which is moved about ten times on the way down.
//
//go:noinline
func recursion() {
	var done sync.WaitGroup
	for g := 0; g < 31; g++ {
		slot := g
		done.Add(1)
		go func() {
			defer done.Done()
			descend(slot, 4001)
		}()
	}
	done.Wait()
	expect("recursion", 31*4001, 40*31*4001)
}

//go:noinline
func churn(slot int) {
	for i := 0; i < 4999; i++ {
		slots[slot].object = new([5]uint64) // @collector
		if i%64 == 0 {
			runtime.Gosched()
		}
	}
}

// collector: objects made while marking is under way take other paths through the allocator.
//
//go:noinline
func collector() {
	before := debug.SetGCPercent(1)
	var stop int32
	var done, churned sync.WaitGroup
	done.Add(1)
	go func() {
		defer done.Done()
		for atomic.LoadInt32(&stop) == 0 {
			runtime.GC()
		}
	}()
	for g := 0; g < 7; g++ {
		slot := g
		churned.Add(1)
		go func() {
			defer churned.Done()
			churn(slot)
		}()
	}
	churned.Wait()
	atomic.StoreInt32(&stop, 1)
	done.Wait()
	debug.SetGCPercent(before)
	expect("collector", 7*4999, 40*7*4999)
}
