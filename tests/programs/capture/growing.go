package main

// Constructs that allocate without saying so.

//go:noinline
func growth() {
	var objects, bytes uint64
	for round := 0; round < 11; round++ {
		sinkInts = nil
		room := 0
		for i := 0; i < 1009; i++ {
			sinkInts = append(sinkInts, i) // @append-int
			if cap(sinkInts) != room {
				room = cap(sinkInts)
				objects++
				bytes += 8 * uint64(room)
			}
		}
	}
	expect("append-int", objects, bytes)
	objects, bytes = 0, 0
	for round := 0; round < 13; round++ {
		sinkPtrs = nil
		room := 0
		for i := 0; i < 503; i++ {
			sinkPtrs = append(sinkPtrs, nil) // @append-pointer
			if cap(sinkPtrs) != room {
				room = cap(sinkPtrs)
				objects++
				bytes += 8 * uint64(room)
			}
		}
	}
	expect("append-pointer", objects, bytes)
}

// maps: how many blocks a map is made of is the runtime's own affair, so a lower bound is all there is: the header and one
// group or bucket for the small ones. Growth happens on the assignment's line.
//
//go:noinline
func maps() {
	for i := 0; i < 127; i++ {
		sinkMap = make(map[int]int, 100) // @map-make
	}
	for i := 0; i < 17; i++ {
		grown := make(map[int]int) // @map-small
		for k := 0; k < 1009; k++ {
			grown[k] = k // @map-grow
		}
		sinkMap = grown
	}
	expect("map-make", 2*127, unknown).atLeast = true
	expect("map-small", 17, unknown).atLeast = true
	expect("map-grow", 7*17, unknown).atLeast = true
}

//go:noinline
func stringWork() {
	left, right := string(output[:40]), string(output[:41]) // @string-from-bytes
	for i := 0; i < 601; i++ {
		sinkString = left + right[:i%2+1] // @string-concat
	}
	for i := 0; i < 607; i++ {
		sinkString = string(output[:7]) // @string-conversion
	}
	for i := 0; i < 613; i++ {
		sinkString = string(output[:1]) // @string-one-byte
	}
	for i := 0; i < 617; i++ {
		sinkBytes = []byte(left) // @bytes-conversion
	}
	byteRoom := uint64(cap(sinkBytes))
	for i := 0; i < 619; i++ {
		sinkRunes = []rune(left) // @runes-conversion
	}
	runeRoom := uint64(cap(sinkRunes))
	for i := 0; i < 631; i++ {
		sinkString = left + right + left + right + left + right // @string-concat-many
	}
	expect("string-from-bytes", 2, 40+41) // too long for the buffers on the stack
	expect("string-concat", 601, 601*40+301+2*300)
	expect("string-conversion", 607, 7*607)
	expect("string-one-byte", 0, 0)
	expect("bytes-conversion", 617, byteRoom*617)
	expect("runes-conversion", 619, 4*runeRoom*619)
	expect("string-concat-many", 631, 243*631)
}

type point struct{ x, y int }

func (p point) sum() int { return p.x + p.y }

//go:noinline
func functions() {
	for i := 0; i < 701; i++ {
		v := i
		sinkFunc = func() int { return v } // @closure-value
	}
	for i := 0; i < 709; i++ {
		v := i                  // @closure-variable
		sinkFunc = func() int { // @closure-reference
			v++
			return v
		}
	}
	for i := 0; i < 719; i++ {
		p := point{i, i}
		sinkFunc = p.sum // @method-value
	}
	for i := 0; i < 727; i++ {
		sinkFunc = func() int { return 1 } // @closure-nothing
	}
	expect("closure-value", 701, 16*701)
	expect("closure-variable", 709, 8*709)
	expect("closure-reference", 709, 16*709)
	expect("method-value", 719, 24*719)
	expect("closure-nothing", 0, 0)
}

//go:noinline
func channels() {
	for i := 0; i < 211; i++ {
		sinkChan = make(chan int, 3) // @chan-plain
	}
	for i := 0; i < 223; i++ {
		sinkPtrChan = make(chan *int, 3) // @chan-pointer
	}
	for i := 0; i < 227; i++ {
		sinkChan = make(chan int) // @chan-unbuffered
	}
	expect("chan-plain", 211, unknown)
	expect("chan-pointer", 2*223, unknown)
	expect("chan-unbuffered", 227, unknown)
}
