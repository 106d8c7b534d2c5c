package file

import (
	"slices"
	"strings"

	"github.com/akashi-project/akashi/internal/post"
)

// crowdTangleFacebookFormat is CrowdTangle's export of posts of Facebook pages
// and groups. The account is who owns the page or group; an id for the person
// who posted in a group is not part of the export.
var crowdTangleFacebookFormat = format{
	name: "crowdtangle-facebook", platform: "facebook", fewLinks: true,
	about: "CrowdTangle export of Facebook pages or groups (CSV)",
	signs: [][]string{{"Page Name", "Group Name"}, {"Facebook Id"}, {"Post Created"}, {"URL"}, {"Message"}},
	roles: map[role][]string{
		roleAccount: {"Facebook Id"}, roleHandle: {"User Name"}, roleName: {"Page Name", "Group Name"},
		roleTime: {"Post Created"}, roleText: {"Message"}, rolePermalink: {"URL"},
	},
	adjust: func(header []string, c *columns) { c.at[roleURL] = linkColumns(header) },
	finish: func(r row, p *post.Post) *rowError {
		crowdTangleID(r, p)
		if p.Account.ID == "" {
			p.Account.ID = p.Account.Handle
		}
		return nil
	},
}

// crowdTangleInstagramFormat is the same tool's export of Instagram accounts.
var crowdTangleInstagramFormat = format{
	name: "crowdtangle-instagram", platform: "instagram", fewLinks: true,
	about: "CrowdTangle export of Instagram accounts (CSV)",
	signs: [][]string{{"Account"}, {"User Name"}, {"Post Created"}, {"URL"}, {"Description"}, {"Photo"}},
	roles: map[role][]string{
		roleAccount: {"User Name"}, roleHandle: {"User Name"}, roleName: {"Account"},
		roleTime: {"Post Created"}, roleText: {"Description"}, rolePermalink: {"URL"}, roleImage: {"Photo"},
	},
	finish: func(r row, p *post.Post) *rowError {
		crowdTangleID(r, p)
		return nil
	},
}

// linkColumns prefers where a link leads in the end to how it was written.
func linkColumns(header []string) []int {
	var out []int
	for _, name := range []string{"Final Link", "Link"} {
		if i := slices.Index(header, name); i >= 0 {
			out = append(out, i)
		}
	}
	return out
}

// crowdTangleID takes the post's id from its address, and of its two links the
// final one. A link to the post itself, which photos have, is none.
func crowdTangleID(r row, p *post.Post) {
	address := r.text("URL")
	if id := lastSegment(address); id != "" {
		p.ID = id
	}
	if len(p.Links) > 1 {
		p.Links = p.Links[:1:1]
	}
	if len(p.Links) == 1 && (p.Links[0].Given == address || strings.Contains(p.Links[0].Given, "facebook.com/photo")) {
		p.Links = nil
	}
}
