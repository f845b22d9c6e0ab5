package main

const (
	siteTiny4 = iota
	siteTiny8
	siteArray24
	siteTwin24
	siteNode
	siteBytes100
	sitePointers
	siteKilobyte
	siteWide
	siteVariable
	siteString
	siteBoxed
	siteBlock
	siteReader
	siteWriter
	siteFirst
	siteSecond
	siteThird
	siteFourth
	sitesEnd
)

// What the result says of each site; size is that of one object.
var sites = [sitesEnd]struct {
	marker string
	size   uint64
	noscan bool
}{
	siteTiny4:    {"tiny4", 4, true},
	siteTiny8:    {"tiny8", 8, true},
	siteArray24:  {"array24", 24, true},
	siteTwin24:   {"twin24", 24, true},
	siteNode:     {"node", 32, false},
	siteBytes100: {"bytes100", 100, true},
	sitePointers: {"pointers", 128, false},
	siteKilobyte: {"kilobyte", 1024, true},
	siteWide:     {"wide", 600, false},
	siteVariable: {"variable", 0, true},
	siteString:   {"string", 40, true},
	siteBoxed:    {"boxed", 8, true},
	siteBlock:    {"block", 65536, true},
	siteReader:   {"reader", 4096, true},
	siteWriter:   {"writer", 4096, true},
	siteFirst:    {"first", 2048, true},
	siteSecond:   {"second", 2048, true},
	siteThird:    {"third", 2048, true},
	siteFourth:   {"fourth", 2048, true},
}

type node struct {
	left, right *node
	key, value  int
}

type wide struct {
	name  *string
	cells [74]int
}

// One field a site: what is stored here escapes.
type sink struct {
	tiny4    *int32
	tiny8    *int64
	array24  *[24]byte
	twin24   *[3]int64
	node     *node
	bytes    []byte
	pointers []*int
	kilobyte *[1024]byte
	wide     *wide
	variable []byte
	text     string
	boxed    interface{}
	block    []byte
	buffers  [6][]byte
}

var forty = []byte("forty bytes of text, none of them special")[:40]

func (w *worker) allocate(site uint8) {
	s := &w.sink
	var made interface{}
	keep := false
	if w.retain {
		w.turn++
		keep = w.turn%20 == 0
	}
	switch site {
	case siteTiny4:
		s.tiny4 = new(int32) // @tiny4
		w.count(site, 4)
		made = s.tiny4
	case siteTiny8:
		s.tiny8 = new(int64) // @tiny8
		w.count(site, 8)
		made = s.tiny8
	case siteArray24:
		s.array24 = new([24]byte) // @array24
		w.count(site, 24)
		made = s.array24
	case siteTwin24:
		s.twin24 = new([3]int64) // @twin24
		w.count(site, 24)
		made = s.twin24
	case siteNode:
		s.node = &node{key: int(w.turn)} // @node
		w.count(site, 32)
		made = s.node
	case siteBytes100:
		s.bytes = make([]byte, 100) // @bytes100
		w.count(site, 100)
		made = &s.bytes[0]
	case sitePointers:
		s.pointers = make([]*int, 16) // @pointers
		w.count(site, 128)
		made = &s.pointers[0]
	case siteKilobyte:
		s.kilobyte = new([1024]byte) // @kilobyte
		w.count(site, 1024)
		made = s.kilobyte
	case siteWide:
		s.wide = &wide{} // @wide
		w.count(site, 600)
		made = s.wide
	case siteVariable:
		n := 200 + w.next()%300
		s.variable = make([]byte, n) // @variable
		w.count(site, n)
		made = &s.variable[0]
	case siteString:
		s.text = string(forty) // @string
		w.count(site, 40)
	case siteBoxed:
		s.boxed = int64(w.objects[site]) + 1000 // @boxed
		w.count(site, 8)
		made = s.boxed
	case siteBlock:
		s.block = make([]byte, 65536) // @block
		w.count(site, 65536)
		made = &s.block[0]
	case siteReader:
		s.buffers[0] = make([]byte, 4096) // @reader
		w.count(site, 4096)
		made = &s.buffers[0][0]
	case siteWriter:
		s.buffers[1] = make([]byte, 4096) // @writer
		w.count(site, 4096)
		made = &s.buffers[1][0]
	case siteFirst:
		s.buffers[2] = make([]byte, 2048) // @first
		w.count(site, 2048)
		made = &s.buffers[2][0]
	case siteSecond:
		s.buffers[3] = make([]byte, 2048) // @second
		w.count(site, 2048)
		made = &s.buffers[3][0]
	case siteThird:
		s.buffers[4] = make([]byte, 2048) // @third
		w.count(site, 2048)
		made = &s.buffers[4][0]
	case siteFourth:
		s.buffers[5] = make([]byte, 2048) // @fourth
		w.count(site, 2048)
		made = &s.buffers[5][0]
	}
	if keep {
		w.kept[w.turn/20%retained] = made
	}
}
