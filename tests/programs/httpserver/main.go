// A small web service: a key-value store over HTTP with JSON bodies, middleware, a template page and a graceful end.
// It is test data: an ordinary program that pulls in a large part of the standard library, generics and closures included.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"html/template"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sort"
	"strings"
	"sync"
	"time"
)

// Pair is what the list handler answers with.
type Pair[K comparable, V any] struct {
	Key   K `json:"key"`
	Value V `json:"value"`
}

// Store is a map under a lock.
type Store[K comparable, V any] struct {
	mu    sync.RWMutex
	items map[K]V
}

// NewStore makes an empty store.
func NewStore[K comparable, V any](hint int) *Store[K, V] {
	return &Store[K, V]{items: make(map[K]V, hint)}
}

// Get returns the value of a key.
func (s *Store[K, V]) Get(key K) (V, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	v, ok := s.items[key]
	return v, ok
}

// Put stores a value and reports whether the key was new.
func (s *Store[K, V]) Put(key K, value V) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, old := s.items[key]
	s.items[key] = value
	return !old
}

// Pairs lists the store in the order less gives.
func (s *Store[K, V]) Pairs(less func(a, b K) bool) []Pair[K, V] {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var pairs []Pair[K, V]
	for k, v := range s.items {
		pairs = append(pairs, Pair[K, V]{k, v})
	}
	sort.Slice(pairs, func(i, j int) bool { return less(pairs[i].Key, pairs[j].Key) })
	return pairs
}

type note struct {
	Text    string    `json:"text"`
	Tags    []string  `json:"tags,omitempty"`
	Changed time.Time `json:"changed"`
}

type server struct {
	notes *Store[string, *note]
	hits  *Store[int, int]
	page  *template.Template
	log   *log.Logger
}

var errNoKey = errors.New("no key in the path")

const pageText = `<!doctype html><title>notes</title><ul>{{range .}}<li>{{.Key}}: {{.Value.Text}}{{end}}</ul>`

func newServer(out *log.Logger) (*server, error) {
	page, err := template.New("notes").Parse(pageText)
	if err != nil {
		return nil, fmt.Errorf("page: %w", err)
	}
	return &server{notes: NewStore[string, *note](16), hits: NewStore[int, int](0), page: page, log: out}, nil
}

func keyOf(r *http.Request) (string, error) {
	key := strings.TrimPrefix(r.URL.Path, "/notes/")
	if key == "" || strings.Contains(key, "/") {
		return "", errNoKey
	}
	return key, nil
}

func (s *server) fail(w http.ResponseWriter, status int, err error) {
	s.log.Printf("status %d: %v", status, err)
	http.Error(w, err.Error(), status)
}

func (s *server) note(w http.ResponseWriter, r *http.Request) {
	key, err := keyOf(r)
	if err != nil {
		s.fail(w, http.StatusBadRequest, err)
		return
	}
	switch r.Method {
	case http.MethodGet:
		n, ok := s.notes.Get(key)
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(n); err != nil {
			s.log.Print(err)
		}
	case http.MethodPut:
		var n note
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&n); err != nil {
			s.fail(w, http.StatusBadRequest, fmt.Errorf("%s: %w", key, err))
			return
		}
		n.Changed = time.Now()
		if s.notes.Put(key, &n) {
			w.WriteHeader(http.StatusCreated)
		}
	default:
		s.fail(w, http.StatusMethodNotAllowed, fmt.Errorf("%s is not for notes", r.Method))
	}
}

func (s *server) list(w http.ResponseWriter, r *http.Request) {
	pairs := s.notes.Pairs(func(a, b string) bool { return a < b })
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		if err := s.page.Execute(w, pairs); err != nil {
			s.log.Print(err)
		}
		return
	}
	if err := json.NewEncoder(w).Encode(pairs); err != nil {
		s.log.Print(err)
	}
}

type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (r *statusRecorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (s *server) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
		start := time.Now()
		defer func() {
			n, _ := s.hits.Get(rec.status)
			s.hits.Put(rec.status, n+1)
			s.log.Printf("%s %s %d %s", r.Method, r.URL.Path, rec.status, time.Since(start))
		}()
		next.ServeHTTP(rec, r)
	})
}

func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/notes/", s.note)
	mux.HandleFunc("/notes", s.list)
	mux.HandleFunc("/hits", func(w http.ResponseWriter, r *http.Request) {
		for _, p := range s.hits.Pairs(func(a, b int) bool { return a < b }) {
			fmt.Fprintln(w, p.Key, p.Value)
		}
	})
	return s.counted(mux)
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "where to listen")
	wait := flag.Duration("wait", 5*time.Second, "how long to let requests finish")
	flag.Parse()

	out := log.New(os.Stderr, "httpserver: ", log.LstdFlags)
	s, err := newServer(out)
	if err != nil {
		out.Fatal(err)
	}
	web := &http.Server{Addr: *addr, Handler: s.handler(), ReadHeaderTimeout: time.Minute}
	stop, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		<-stop.Done()
		ctx, cancel := context.WithTimeout(context.Background(), *wait)
		defer cancel()
		done <- web.Shutdown(ctx)
	}()
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		out.Fatal(err)
	}
	out.Print("notes at http://", listener.Addr())
	if err := web.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		out.Fatal(err)
	}
	if err := <-done; err != nil {
		out.Fatal(err)
	}
}
