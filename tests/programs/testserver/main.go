// Command testserver runs servers of net/http/httptest and is their client: plain and TLS, HTTP/1 and HTTP/2, JSON, forms, files, cookies,
// redirects, compressed bodies. It does the same each time, and prints what it got.
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"sort"
	"strings"
	"time"
)

type item struct {
	Name  string            `json:"name"`
	Count int               `json:"count"`
	Tags  []string          `json:"tags,omitempty"`
	Extra map[string]any    `json:"extra,omitempty"`
	Attrs map[string]string `json:"attrs,omitempty"`
}

func echo(w http.ResponseWriter, r *http.Request) {
	var items []item
	if err := json.NewDecoder(r.Body).Decode(&items); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	sort.Slice(items, func(i, j int) bool { return items[i].Name < items[j].Name })
	for i := range items {
		items[i].Count++
		items[i].Tags = append(items[i].Tags, fmt.Sprintf("tag-%d", i))
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(items); err != nil {
		log.Print(err)
	}
}

func form(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseMultipartForm(1 << 20); err != nil && err != http.ErrNotMultipart {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	names := make([]string, 0, len(r.Form))
	for name := range r.Form {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Fprintf(w, "%s=%s\n", name, strings.Join(r.Form[name], ","))
	}
	if r.MultipartForm == nil {
		return
	}
	for _, headers := range r.MultipartForm.File {
		for _, header := range headers {
			file, err := header.Open()
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			sum := sha256.New()
			n, _ := io.Copy(sum, file)
			file.Close()
			fmt.Fprintf(w, "%s: %d bytes, %s\n", header.Filename, n, hex.EncodeToString(sum.Sum(nil))[:8])
		}
	}
}

func login(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: "user", Value: r.FormValue("user"), Path: "/", Expires: time.Now().Add(time.Hour)})
	http.Redirect(w, r, "/hello?from=login", http.StatusFound)
}

func hello(w http.ResponseWriter, r *http.Request) {
	name := "nobody"
	if cookie, err := r.Cookie("user"); err == nil {
		name = cookie.Value
	}
	fmt.Fprintf(w, "hello %s from %s", name, r.URL.Query().Get("from"))
}

func zipped(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Encoding", "gzip")
	out := gzip.NewWriter(w)
	defer out.Close()
	for i := 0; i < 200; i++ {
		fmt.Fprintf(out, "line %d of %s\n", i, r.URL.Path)
	}
}

func handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", echo)
	mux.HandleFunc("/form", form)
	mux.HandleFunc("/login", login)
	mux.HandleFunc("/hello", hello)
	mux.Handle("/zipped/", http.StripPrefix("/zipped", http.HandlerFunc(zipped)))
	mux.Handle("/slow", http.TimeoutHandler(http.HandlerFunc(hello), time.Minute, "late"))
	return mux
}

type client struct {
	http.Client
	base string
}

func (c *client) read(response *http.Response, err error) string {
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s %d %d", response.Proto, response.StatusCode, len(body))
}

func (c *client) upload(i int) string {
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	for _, name := range []string{"a", "b"} {
		if err := parts.WriteField(name, fmt.Sprint(i, name)); err != nil {
			return err.Error()
		}
	}
	file, err := parts.CreateFormFile("file", fmt.Sprintf("file-%d.txt", i))
	if err != nil {
		return err.Error()
	}
	fmt.Fprint(file, strings.Repeat("content ", 100*(i+1)))
	parts.Close()
	return c.read(c.Post(c.base+"/form", parts.FormDataContentType(), &body))
}

func (c *client) work(rounds int) []string {
	var said []string
	for i := 0; i < rounds; i++ {
		items := []item{{Name: fmt.Sprint("n", i), Tags: []string{"x"}}, {Name: "a", Extra: map[string]any{"i": i, "list": []int{i}}},
			{Name: "m", Attrs: map[string]string{"key": "value"}}}
		data, err := json.Marshal(items)
		if err != nil {
			log.Fatal(err)
		}
		values := url.Values{"user": {fmt.Sprint("user", i)}, "q": {"1", "2"}}
		said = append(said,
			c.read(c.Post(c.base+"/echo", "application/json", bytes.NewReader(data))),
			c.read(c.PostForm(c.base+"/form", values)),
			c.upload(i),
			c.read(c.Get(c.base+"/login?"+values.Encode())),
			c.read(c.Get(c.base+"/zipped/page")),
			c.read(c.Get(c.base+"/slow")),
			c.read(c.Post(c.base+"/echo", "text/plain", strings.NewReader("[{"))),
			c.read(c.Get(c.base+"/nowhere")))
	}
	return said
}

func try(name string, server *httptest.Server) {
	defer server.Close()
	jar, err := cookiejar.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	c := &client{Client: *server.Client(), base: server.URL}
	c.Jar = jar
	for _, line := range c.work(20) {
		fmt.Println(name, line)
	}
}

func main() {
	try("plain", httptest.NewServer(handler()))
	try("tls", httptest.NewTLSServer(handler()))
	two := httptest.NewUnstartedServer(handler())
	two.EnableHTTP2 = true
	two.StartTLS()
	try("two", two)
	recorder := httptest.NewRecorder()
	handler().ServeHTTP(recorder, httptest.NewRequest("GET", "/hello?from=recorder", nil))
	fmt.Println(recorder.Body)
}
