package main

import "reflect"

// Objects of every class the allocator treats in a way of its own.

// tiny: less than 16 bytes without pointers, several to one block.
//
//go:noinline
func tiny() {
	for i := 0; i < 1009; i++ {
		sink = new(int32) // @tiny-int32
	}
	for i := 0; i < 1013; i++ {
		sink = new(byte) // @tiny-byte
	}
	for i := 0; i < 1019; i++ {
		sink = new(int64) // @tiny-int64
	}
	for i := 0; i < 1021; i++ {
		sink = new([15]byte) // @tiny-15
	}
	expect("tiny-int32", 1009, 4*1009)
	expect("tiny-byte", 1013, 1013)
	expect("tiny-int64", 1019, 8*1019)
	expect("tiny-15", 1021, 15*1021)
}

type plain struct{ a, b, c uint64 }

type linked struct {
	next  *linked
	value uint64
}

//go:noinline
func small() {
	for i := 0; i < 1031; i++ {
		sink = &plain{a: 1} // @small-plain
	}
	for i := 0; i < 1033; i++ {
		sink = &linked{value: 2} // @small-linked
	}
	for i := 0; i < 1039; i++ {
		moved := i // @small-moved
		sink = &moved
	}
	for i := 0; i < 1049; i++ {
		sinkInts = make([]int, 3+i%2) // @small-slice
	}
	for i := 0; i < 1051; i++ {
		sinkPtrs = make([]*int, 5) // @small-pointer-slice
	}
	source := [...]int{1, 2, 3, 4, 5}
	for i := 0; i < 1061; i++ {
		copied := make([]int, len(source)-i%2) // @small-make-copy
		copy(copied, source[:])
		sinkInts = copied
	}
	expect("small-plain", 1031, 24*1031)
	expect("small-linked", 1033, 16*1033)
	expect("small-moved", 1039, 8*1039)
	expect("small-slice", 1049, 24*525+32*524)
	expect("small-pointer-slice", 1051, 40*1051)
	expect("small-make-copy", 1061, 40*531+32*530)
}

// large: beyond 512 bytes with pointers, beyond 32 KiB, and on both sides of these borders.
//
//go:noinline
func large() {
	for i := 0; i < 211; i++ {
		sink = new([64]*int) // @large-512-pointers
	}
	for i := 0; i < 223; i++ {
		sink = new([65]*int) // @large-520-pointers
	}
	for i := 0; i < 227; i++ {
		sink = new([129]uint64) // @large-1032
	}
	for i := 0; i < 53; i++ {
		sink = new([32 << 10]byte) // @large-32k
	}
	for i := 0; i < 59; i++ {
		sink = new([32<<10 + 8]byte) // @large-beyond-32k
	}
	for i := 0; i < 61; i++ {
		sink = new([6000]*int) // @large-beyond-32k-pointers
	}
	for i := 0; i < 7; i++ {
		sinkBytes = make([]byte, 1<<20+i-i) // @large-1m
	}
	expect("large-512-pointers", 211, 512*211)
	expect("large-520-pointers", 223, 520*223)
	expect("large-1032", 227, 1032*227)
	expect("large-32k", 53, 32768*53)
	expect("large-beyond-32k", 59, 32776*59)
	expect("large-beyond-32k-pointers", 61, 48000*61)
	expect("large-1m", 7, 7<<20)
}

// zero: objects of no size are no objects.
//
//go:noinline
func zero() {
	none := nExpected - nExpected
	for i := 0; i < 101; i++ {
		sink = new(struct{}) // @zero-struct
	}
	for i := 0; i < 103; i++ {
		sinkInts = make([]int, none) // @zero-slice
	}
	for i := 0; i < 107; i++ {
		sinkUnits = make([]struct{}, i) // @zero-elements
	}
	expect("zero-struct", 0, 0)
	expect("zero-slice", 0, 0)
	expect("zero-elements", 0, 0)
}

var (
	linkedType = reflect.TypeOf(linked{})
	plainType  = reflect.TypeOf([]plain{})
	sinkValue  reflect.Value
)

// reflection: made by package reflect for the line that called it. A slice is two objects: elements and header.
//
//go:noinline
func reflection() {
	for i := 0; i < 307; i++ {
		sinkValue = reflect.New(linkedType) // @reflect-new
	}
	for i := 0; i < 311; i++ {
		sinkValue = reflect.MakeSlice(plainType, 2, 2) // @reflect-slice
	}
	expect("reflect-new", 307, 16*307).charged = true
	expect("reflect-slice", 2*311, (48+24)*311).charged = true
}

type wide struct{ a, b, c, d int }

// boxing: interface conversions, those that allocate and those the runtime finds a way round.
//
//go:noinline
func boxing() {
	for i := 0; i < 401; i++ {
		sink = i + 1000 // @box-int
	}
	for i := 0; i < 409; i++ {
		sink = i % 256 // @box-small-int
	}
	for i := 0; i < 419; i++ {
		sink = wide{a: i} // @box-struct
	}
	text := string(output[:5]) // @box-text
	for i := 0; i < 421; i++ {
		sink = text[:i%3] // @box-string
	}
	for i := 0; i < 431; i++ {
		sink = output[:i+1] // @box-slice
	}
	expect("box-int", 401, 8*401)
	expect("box-small-int", 0, 0)
	expect("box-struct", 419, 32*419)
	expect("box-string", 280, 16*280) // two of three are not empty
	expect("box-slice", 431, 24*431)
	expect("box-text", 1, 5)
}
