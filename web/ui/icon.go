package ui

import "html/template"

// icons are drawn by lines on a square of 24. Names of kinds of notice are among
// them.
var icons = map[string]string{
	"alert":    `<path d="M12 8v5M12 16.4v.1"/><circle cx="12" cy="12" r="9"/>`,
	"app":      `<rect x="4" y="4" width="7" height="7" rx="1.5"/><rect x="13" y="4" width="7" height="7" rx="1.5"/><rect x="4" y="13" width="7" height="7" rx="1.5"/><path d="M16.5 13.5v6M13.5 16.5h6"/>`,
	"back":     `<path class="flip" d="M14.5 6 8.5 12l6 6"/>`,
	"chevron":  `<path class="flip" d="m9.5 6 6 6-6 6"/>`,
	"clock":    `<circle cx="12" cy="12" r="9"/><path d="M12 7v5.2l3.3 2"/>`,
	"danger":   `<path d="M12 4 2.8 19.5h18.4L12 4Z"/><path d="M12 10v4.5M12 17v.1"/>`,
	"desktop":  `<rect x="3" y="4.5" width="18" height="12" rx="1.8"/><path d="M9 20h6M12 16.5V20"/>`,
	"globe":    `<circle cx="12" cy="12" r="9"/><path d="M3 12h18M12 3c2.6 2.6 3.9 5.6 3.9 9s-1.3 6.4-3.9 9c-2.6-2.6-3.9-5.6-3.9-9S9.4 5.6 12 3Z"/>`,
	"info":     `<circle cx="12" cy="12" r="9"/><path d="M12 11v5.500M12 7.600v.1"/>`,
	"key":      `<circle cx="8" cy="14.5" r="4.5"/><path d="m11.3 11.3 8-8M16 6.600l2.6 2.600M13.3 9.300l1.8 1.8"/>`,
	"lock":     `<rect x="5" y="10.5" width="14" height="10" rx="2"/><path d="M8 10.500V8a4 4 0 0 1 8 0v2.5"/>`,
	"mail":     `<rect x="3" y="5.5" width="18" height="13" rx="2"/><path d="m3.5 7 8.5 6.500L20.5 7"/>`,
	"ok":       `<circle cx="12" cy="12" r="9"/><path d="m8 12.3 2.8 2.800L16.2 9.5"/>`,
	"passkey":  `<circle cx="9" cy="7.5" r="3.8"/><path d="M2.5 20v-1.200A5.3 5.3 0 0 1 7.8 13.500h2.400c.9 0 1.7.2 2.4.6"/><circle cx="17.5" cy="12.5" r="2.8"/><path d="M17.5 15.300V21l1.8-1.7-1.5-1.5 1.5-1.2"/>`,
	"phone":    `<rect x="7" y="2.8" width="10" height="18.4" rx="2.2"/><path d="M11 18.200h2"/>`,
	"recovery": `<path d="M4 6.500h16M4 12h16M4 17.500h9"/><path d="m16.5 17.5 1.5 1.5 3-3"/>`,
	"sessions": `<rect x="2.5" y="5" width="13.5" height="10" rx="1.5"/><path d="M6.5 18.500h5"/><rect x="17.5" y="9" width="4.5" height="9.5" rx="1.2"/>`,
	"shield":   `<path d="M12 3 4.5 5.800v5.700c0 4.6 3.1 7.9 7.5 9.5 4.4-1.6 7.5-4.9 7.5-9.500V5.800L12 3Z"/><path d="m8.8 11.8 2.3 2.3 4.2-4.4"/>`,
	"signout":  `<path d="M10 4H6.500A2.5 2.5 0 0 0 4 6.500v11A2.5 2.5 0 0 0 6.5 20H10"/><path class="flip" d="M9.5 12H20.500M16.5 8l4 4-4 4"/>`,
	"user":     `<circle cx="12" cy="8" r="4"/><path d="M4.5 20.500c.6-4 3.6-6.2 7.5-6.200s6.9 2.2 7.5 6.2"/>`,
	"warn":     `<path d="M12 4 2.8 19.500h18.400L12 4Z"/><path d="M12 10v4.500M12 17v.1"/>`,
}

// icon draws an icon beside words that say the same. An unknown name draws
// nothing.
func icon(name string) template.HTML {
	lines, ok := icons[name]
	if !ok {
		return ""
	}
	return template.HTML(`<svg class="icon" viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">` + lines + `</svg>`)
}
