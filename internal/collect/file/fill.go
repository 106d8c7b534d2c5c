package file

import "github.com/akashi-project/akashi/internal/post"

// addLink adds an address that is not there yet.
func addLink(p *post.Post, address string) {
	if address == "" {
		return
	}
	for _, l := range p.Links {
		if l.Given == address {
			return
		}
	}
	p.Links = append(p.Links, post.Link{Given: address})
}

func addTo(list *[]string, value string) {
	if value != "" {
		*list = append(*list, value)
	}
}

func addMedia(p *post.Post, id string) {
	if id != "" {
		p.Media = append(p.Media, post.Media{ID: id})
	}
}
