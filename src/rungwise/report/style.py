"""How the pages of runs and of the ladder look, over the look that all pages have.

Calm: one column of sections, rules instead of boxes. Big: the verb, the headline. Dense: tables. Colours have roles:
green held or promoted, red failed or rejected, amber undecided or in need of repair, blue what is only marked or told.
On paper the light colours hold, and what is folded stays folded but for the gallery.
"""

TONES = ("good", "warn", "bad", "blue")
LIGHT = "--blue-pale:#e6eefb;--good-ink:#14683f;--warn-ink:#80540a;--bad-ink:#a92a24;--blue:#2e5fb3;--blue-ink:#274f94"
DARK = "--blue-pale:#182a45;--good-ink:#5fd39b;--warn-ink:#ecbd66;--bad-ink:#ff9a94;--blue:#7faaf0;--blue-ink:#a5c6fb"
PAPER = (  # the page's own light colours, whatever the screen has
    "--ink:#1a222d;--soft:#5d6978;--line:#dfe4ea;--page:#fff;--paper:#fff;--inset:#f5f7f9;--good:#1f8a55;--warn:#e09a1c;"
    "--bad:#cf3b34;--good-pale:#e3f4ea;--warn-pale:#fdf1d8;--bad-pale:#fdeceb;--link:#2e5fb3"
)
ROLES = "".join(
    f".{tone} .verb,.chip.{tone},td .{tone},.versus .{tone}{{color:var(--{tone}-ink)}}"
    f".chip.{tone},.note.{tone},.ruling.{tone}{{background:var(--{tone}-pale)}}"
    f".note.{tone},.ruling.{tone},.lessons .{tone}{{border-color:var(--{tone})}}"
    f".strip.{tone} .bar,.strip.{tone}:not(.rate) .reach,.strip.{tone}:not(.rate) .end{{stroke:var(--{tone})}}"
    f".strip.{tone} .dot{{fill:var(--{tone})}}"
    for tone in TONES
)
STACK = "".join(
    f".stack .s{at},.key .s{at} i{{background:var(--blue);opacity:{share}}}"
    for at, share in enumerate((1, 0.6, 0.35, 0.2))
)

FIRST = """
.top .eyebrow{margin:0 0 10px;color:var(--soft);font-size:14px}
.top h1{max-width:32ch;font-size:clamp(24px,4.2vw,40px);line-height:1.15;text-wrap:balance}
.ruling{display:grid;grid-template-columns:auto 1fr;gap:6px 34px;align-items:center;margin:26px 0 0;padding:20px 26px;
border-left:8px solid var(--line);background:var(--inset);border-radius:0 10px 10px 0}
.ruling .verb{margin:0;font-size:clamp(34px,5vw,48px);font-weight:700;line-height:1;letter-spacing:-.025em}
.ruling ul{padding-left:18px}.ruling .signed{grid-column:1/-1;margin:0;font-size:14px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(250px,1fr));margin:26px 0 0;
border-top:1px solid var(--line)}
.tile{padding:18px 26px 16px 0;border-bottom:1px solid var(--line)}
.tile h2{font-size:14px;font-weight:600;color:var(--soft);letter-spacing:0}
.tile .big{margin:2px 0 0;font-size:clamp(34px,4.4vw,46px);font-weight:650;line-height:1.15;letter-spacing:-.025em;
font-variant-numeric:tabular-nums}
.tile .big small{display:block;font-size:16px;font-weight:500;letter-spacing:0;color:var(--soft)}
.tile p{margin:2px 0 0;font-size:14px}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,300px),1fr));gap:14px;margin:14px 0 0}
.fail{display:flex;flex-direction:column;gap:8px;margin:0;padding:16px 18px;border-top:4px solid var(--bad);
border-radius:0 0 10px 10px}
.fail header{justify-content:space-between}.fail h3{margin:0;font-size:17px;color:var(--ink)}
.fail b{font-size:26px;line-height:1;font-variant-numeric:tabular-nums}
.fail p{margin:0}.fail pre{padding:8px 12px;font-size:12.5px}
.fail .more{margin-top:auto;font-size:13px}
nav.parts{margin:40px 0 0;padding:14px 0;border-top:1px solid var(--line);border-bottom:1px solid var(--line)}
nav.parts ol{columns:5 190px;column-gap:28px;margin:0;padding:0;list-style:none}nav.parts li{margin:0;padding:2px 0}
nav.parts a{text-decoration:none}nav.parts a:hover{text-decoration:underline}
nav.parts .number{display:inline-block;min-width:1.6em;color:var(--soft)}
"""

SECTIONS = """
main>section{margin:52px 0 0;scroll-margin-top:12px}main>section:last-child{padding-bottom:60px}
main>section>h2{display:flex;flex-wrap:wrap;align-items:baseline;gap:2px 14px;font-size:23px;letter-spacing:-.01em}
main>section>h2 .number{min-width:1.3em;color:var(--soft);font-weight:400;font-variant-numeric:tabular-nums}
h3{margin:30px 0 10px;font-size:16px;color:var(--ink)}h3 small{font-weight:400;color:var(--soft);font-size:13px}
h4{margin:22px 0 8px;font-size:14px}p{max-width:76ch}.soft{color:var(--soft)}.lead{max-width:72ch}
.sources{margin:2px 0 14px;max-width:none;font-size:13px;color:var(--soft)}.sources a{color:inherit}
.missing{color:var(--soft);font-style:italic}
.note{margin:12px 0;padding:8px 14px;border-left:4px solid var(--line);background:var(--inset);max-width:none}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,230px),1fr));gap:14px 28px;margin:14px 0}
.facts dt{color:var(--soft);font-size:13px}.facts dd{margin:0;font-variant-numeric:tabular-nums}
.chip{display:inline-block;padding:1px 10px;border-radius:99px;font-size:13px;font-weight:600;white-space:nowrap;
background:var(--inset)}
.well{white-space:nowrap;color:var(--soft)}
.well:before{content:"";display:inline-block;width:7px;height:7px;margin-right:7px;border-radius:9px;
background:var(--good);vertical-align:1px}
.stack{display:flex;height:12px;margin:6px 0;border-radius:6px;overflow:hidden;background:var(--line)}
.stack span{display:block}
.key{display:flex;flex-wrap:wrap;gap:2px 18px;margin:0;padding:0;list-style:none;font-size:13px}
.key i{display:inline-block;width:10px;height:10px;margin-right:6px;border-radius:3px}
.ids{max-width:none;font-size:13px;line-height:1.7}.ids code{margin-right:8px}
.decided{font-size:16px}.decided .verb{margin-right:10px;font-size:30px;letter-spacing:-.02em}
details.fold{margin:14px 0 0;border-top:0;padding-top:0}details.fold>summary{font-weight:500;color:var(--link)}
.lessons{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:12px;margin:14px 0;
padding:0;list-style:none}
.lessons>li{margin:0;padding:12px 18px;border-left:4px solid var(--line);background:var(--inset)}
.lessons h3{margin:0 0 2px}.lessons p{margin:0}.lessons .do{margin-top:4px}.claims li{margin:0 0 6px}
pre.plain{overflow-x:auto;white-space:pre;font-size:12.5px}:target{background:var(--blue-pale)}
"""

TABLES = """
.wide{margin:12px 0}th,td{padding:5px 12px}td,tbody th{vertical-align:top}
table.narrow{width:auto;min-width:min(100%,620px)}
td.text,th.text{white-space:normal;min-width:240px}td.cut{white-space:normal;max-width:340px;min-width:180px}
td small,th small{color:var(--soft);font-size:12.5px;font-weight:400}
td.small{color:var(--soft);font-size:13.5px;line-height:1.72}
td.rate{min-width:104px;font-variant-numeric:tabular-nums}td.rate b{font-weight:600}
.forest tbody th{white-space:normal;min-width:170px}
td.plot,th.plot{width:38%;min-width:180px}table.runs tbody th{min-width:300px}table.runs .plot{width:26%}
td.plot .strip{margin-top:4px}
tr.whole>*{background:var(--inset);font-weight:600}tr.axis>*{background:var(--blue-pale);font-weight:600}
tr.way>th{padding-top:14px;color:var(--soft);font-size:13px;font-weight:600}
.hash{white-space:normal;overflow-wrap:anywhere;min-width:200px}.hash code{font-size:11.5px}
table.cross{width:auto}.cross td{font-variant-numeric:tabular-nums;font-size:18px}
.strip{display:block;width:100%;min-width:70px;overflow:visible}.strip line{stroke:var(--ink);stroke-width:1.3}
.strip .full{stroke:var(--line);stroke-width:7}.strip .bar{stroke:var(--blue);stroke-width:7;opacity:.75}
.strip .room{stroke:var(--line);stroke-width:1}.strip .zero{stroke:var(--soft);stroke-width:1}
.strip .limit{stroke:var(--blue);stroke-width:2;stroke-dasharray:3 2}.strip .dot{fill:var(--ink)}
"""

GALLERY = """
details.miss{margin:8px 0 0;padding:0;background:var(--paper);border:1px solid var(--line);border-radius:10px;
scroll-margin-top:12px}
details.miss>summary{display:flex;flex-wrap:wrap;align-items:baseline;gap:4px 14px;padding:12px 18px}
details.miss>summary:before{content:"\\25b8";color:var(--soft)}details.miss[open]>summary:before{content:"\\25be"}
details.miss>summary code{color:var(--soft);font-weight:400}details.miss>summary .chip{margin-left:auto}
.miss .inside{padding:0 18px 18px}.miss h4{margin:14px 0 6px;font-size:13px;font-weight:600;color:var(--soft)}
.miss pre{margin:0}.pair{display:grid;gap:14px 24px}.pair>div{min-width:0}
.pair figure.wide{margin:0 0 10px;border-radius:8px;background:var(--paper)}
.pair figure svg,.pair figure img{display:block;max-width:100%;height:auto;margin:0 auto}.pair iframe{margin:0 0 10px}
.pair pre{max-height:22em;overflow:auto}pre .same{color:var(--soft)}
pre mark{background:var(--warn-pale);color:var(--ink);outline:1px solid var(--warn);border-radius:2px}
"""

PHONE = """
@media (max-width:680px){.ruling{grid-template-columns:1fr;padding:18px}
.tiles{grid-template-columns:1fr 1fr;column-gap:18px}.tile{padding-right:0}.tile.versus{grid-column:1/-1}
.facts{grid-template-columns:1fr 1fr;gap:12px 18px}main>section{margin-top:44px}
thead th{white-space:normal}
.wide th:first-child{position:sticky;left:0;background:var(--paper);max-width:42vw;white-space:normal;
overflow-wrap:break-word;z-index:1}
.wide tr.whole>th:first-child{background:var(--inset)}
.wide tr.axis>th:first-child{background:var(--blue-pale)}
table.forest,table.forest tbody,table.forest td,table.forest th{display:block;border:0}table.forest thead{display:none}
table.forest tr{display:flex;flex-wrap:wrap;gap:2px 14px;padding:8px 10px;border-top:1px solid var(--line)}
.wide table.forest td,.wide table.forest tbody th{order:4;padding:0;min-width:0;
width:auto;max-width:none;white-space:normal;
position:static;text-align:left;background:none}
.wide table.forest tbody th{order:1;flex:1 0 calc(100% - 110px)}.wide table.forest td.number{order:2;margin-left:auto}
.wide table.forest td.small{order:5;margin:0}.wide table.forest td.plot{order:9;flex:1 0 100%}
table.forest tr.whole{background:var(--inset)}table.forest tr.axis{background:var(--blue-pale)}
table.forest td:empty{display:none}table.forest td.small[data-name]:before{content:attr(data-name) " "}
.wide svg.strip{width:100%;max-width:none}.charts svg{width:100%}.pair figure svg,.pair figure img{width:auto}
.pair.big figure svg,.pair.big figure img{max-width:none;width:680px}}
"""

PRINT = """
@media print{:root{color-scheme:light;PAPER}
.fail,.tile,.ruling,.lessons>li,.charts figure,tr,.pair>div{break-inside:avoid}
main>section{margin-top:30px}main>section>h2,h3,h4,details.miss>summary{break-after:avoid}
table{break-inside:auto}thead{display:table-header-group}nav.parts{display:none}a{color:inherit;text-decoration:none}
pre,.pair pre{max-height:none;overflow:visible}details.fold::details-content{content-visibility:hidden;block-size:0}
td,th{white-space:normal;padding:3px 6px}td.text,td.plot,td.rate,td.cut,th.text,th.plot,.hash{min-width:0}
.strip{min-width:40px}.wide{overflow:visible}.top h1{font-size:26px}.hash code{font-size:8px}
.tiles{grid-template-columns:repeat(4,1fr)}.tile .big{font-size:26px}.tile .big small{font-size:12px}
pre.plain{white-space:pre-wrap}.pair{grid-template-columns:1fr 1fr!important}}
""".replace("PAPER", f"{PAPER};{LIGHT}")

STYLE = (
    f":root{{{LIGHT}}}@media (prefers-color-scheme:dark){{:root{{{DARK}}}}}"
    + FIRST + SECTIONS + TABLES + GALLERY + ROLES + STACK + PHONE + PRINT
).replace("\n", "")  # fmt: skip
