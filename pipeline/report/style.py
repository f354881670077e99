"""The looks of a report: calm, with the colours of the page and the dashboards; blue is fact, orange is forecast."""

DAY_COLOURS = """
--paper: #f6f6f3; --raised: #fff; --ink: #1c2126; --quiet: #59626b; --line: #e3e3de; --fact: #2f6fd6; --made: #c9660a;
--good: #2e7d4f; --bad: #b3261e; --current: #e7eff1; --o0: #2e7d4f; --o1: #b0457f; --o2: #8a6d00; --o3: #0f7f93; --o4: #777;
--o5: #7a55b5;
"""
NIGHT_COLOURS = """
--paper: #101418; --raised: #171c21; --ink: #e9ebed; --quiet: #9ba5ae; --line: #2b333b; --fact: #6ea2f7; --made: #ff9f45;
--good: #7cc894; --bad: #ff8a80; --current: #1b2a30; --o0: #7cc894; --o1: #e58fbc; --o2: #e3c25b; --o3: #6fc9da;
  --o4: #9ba5ae;
--o5: #b79cf0;
"""
COLOURS = f"""
:root {{ color-scheme: light dark; {DAY_COLOURS} }}
@media (prefers-color-scheme: dark) {{ :root {{ {NIGHT_COLOURS} }} }}
@media print {{ :root {{ {DAY_COLOURS} }} }}
"""
SHAPES = """
*, *::before { box-sizing: border-box; }
html { background: var(--paper); color: var(--ink); scroll-padding-top: 1rem; overflow-wrap: anywhere; }
body { font: 16px/1.55 Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; margin: 0 auto;
  max-width: 64rem; padding: 2.5rem 1.25rem 4rem; font-feature-settings: "tnum"; }
h1 { font-size: clamp(1.8rem, 5vw, 2.7rem); line-height: 1.12; letter-spacing: -.025em; margin: .2rem 0 .7rem;
  text-wrap: balance; }
h2 { font-size: 1.45rem; letter-spacing: -.015em; margin: 3.25rem 0 1rem; line-height: 1.2; }
h3 { font-size: 1.05rem; margin: 0; letter-spacing: -.01em; }
p { margin: .6rem 0; } a { color: inherit; text-decoration-color: var(--quiet); text-underline-offset: .2em; }
:focus-visible { outline: 2px solid var(--fact); outline-offset: 3px; border-radius: 4px; }
.mark { color: var(--made); font-weight: 650; font-size: .85rem; letter-spacing: .04em; text-transform: uppercase; margin: 0;
  }
.lead { font-size: 1.15rem; color: var(--quiet); max-width: 44rem; margin: 0 0 1.75rem; }
.quiet, figcaption, caption { color: var(--quiet); font-size: .9rem; }
.good { color: var(--good); } .bad { color: var(--bad); }
.card { background: var(--raised); border: 1px solid var(--line); border-radius: 14px; padding: 1.1rem 1.25rem;
  margin: 0 0 1rem; }
figure { margin: 0; } figcaption { margin-top: .6rem; }
.keys { display: grid; grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); gap: 1px; margin: 1rem 0 1.5rem;
  background: var(--line); border: 1px solid var(--line); border-radius: 14px; overflow: hidden; }
.keys div { background: var(--raised); padding: 1rem 1.25rem; }
.keys dt { color: var(--quiet); font-size: .85rem; }
  .keys dd { margin: 0; font-size: 1.7rem; font-weight: 620; letter-spacing: -.03em; }
.keys small { display: block; font-size: .82rem; font-weight: 400; color: var(--quiet); letter-spacing: 0; line-height: 1.35;
  }
nav { display: flex; flex-wrap: wrap; gap: .5rem; }
  nav a { border: 1px solid var(--line); border-radius: 99px; font-size: .9rem;
  padding: .25rem .85rem; text-decoration: none; background: var(--raised); }
nav a:hover { border-color: var(--quiet); }
.headline { font-size: 1.15rem; line-height: 1.4; font-weight: 620; letter-spacing: -.015em; margin: .1rem 0 .6rem; }
.plot { position: relative; height: 190px; margin: 36px 6px 28px 50px; } .first .plot { height: min(330px, 62vw); }
.plot.named { margin-bottom: 46px; height: 280px; }
.plot svg { position: absolute; inset: 0; width: 100%; height: 100%; overflow: visible; }
.plot i { position: absolute; font: normal 12px/1 inherit; font-size: 12px; line-height: 1; font-style: normal;
  color: var(--quiet);
  white-space: nowrap; }
.plot .y { right: calc(100% + 8px); transform: translateY(-50%); } .plot .unit { left: -50px; top: -26px; font-weight: 600;
  max-width: calc(100% + 50px); overflow: hidden;
  text-overflow: ellipsis;
  line-height: 1.2; }
.plot .x { top: calc(100% + 9px); transform: translateX(-50%); } .plot .end { transform: translateX(-100%); }
.plot .start { transform: none; } .plot .below { right: 0; top: calc(100% + 28px); }
path { fill: none; vector-effect: non-scaling-stroke; stroke-linecap: round; stroke-linejoin: round; }
.grid { stroke: var(--line); } .cut { stroke: var(--quiet); stroke-dasharray: 1 4; opacity: .8; }
.fan { fill: var(--made); opacity: .2; } path.fact { stroke: var(--fact); stroke-width: 1.8; }
path.made { stroke: var(--made); stroke-width: 2.2; }
  path.live { stroke: var(--fact); stroke-width: 2; stroke-dasharray: 7 4; }
path.other { stroke-width: 1.5; } .o0 { stroke: var(--o0); stroke-dasharray: 6 3; }
  .o1 { stroke: var(--o1); stroke-dasharray: 2 3; }
.o2 { stroke: var(--o2); stroke-dasharray: 8 3 2 3; } .o3 { stroke: var(--o3); stroke-dasharray: 12 3; }
.o4 { stroke: var(--o4); stroke-dasharray: 1 5; } .o5 { stroke: var(--o5); stroke-dasharray: 4 2 1 2; }
.legend, .key, .checks, .notes { list-style: none; margin: 0; }
.legend, .key { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; padding: 0; font-size: .9rem; color: var(--quiet); }
.legend b { display: inline-block; width: 18px; height: 3px; border-radius: 2px; margin-right: .45rem;
  vertical-align: middle; }
.legend .fact { background: var(--fact); } .legend .made { background: var(--made); }
.legend .fan { background: var(--made); height: 12px; } .key svg { width: 28px; height: 8px; margin-right: .4rem; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: .6rem 0 .4rem; } thead th { color: var(--quiet); font-weight: 500; font-size: .85rem; }
th, td { padding: .38rem .6rem; text-align: right; border-bottom: 1px solid var(--line); vertical-align: top; }
th:first-child, .text { text-align: left; padding-left: 0; } tbody th { font-weight: 500; }
  tr:last-child > * { border-bottom: 0; }
.list td:not(.text), .list thead th { white-space: nowrap; } .list th { overflow-wrap: anywhere; }
.marked > * { font-weight: 680; background: var(--current); } .marked th { box-shadow: -.6rem 0 0 var(--current); }
summary { cursor: pointer; color: var(--quiet); font-size: .92rem; padding: .35rem 0; }
.checks { padding: .3rem 0; font-size: .92rem; } .checks li { padding: .35rem 0; border-top: 1px solid var(--line); }
.checks b { font-weight: 620; } .passed b { color: var(--good); } .failed b { color: var(--bad); }
.notes li + li { margin-top: .4rem; }
article.card { content-visibility: auto; contain-intrinsic-size: auto 330px; position: relative; }
article h3 a { text-decoration: none; } h3 .unit { color: var(--quiet); font-weight: 400; font-size: .9rem; }
article:target { border-color: var(--made); } .short { color: var(--quiet); margin: .15rem 0 0; font-size: .92rem; }
.back { margin: 0; font-size: .85rem; color: var(--quiet); }
@media (max-width: 640px) {
  body { padding: 1.5rem .9rem 3rem; } .card { padding: .9rem; } .keys div { padding: .8rem .9rem; }
  .keys { grid-template-columns: repeat(2, minmax(0, 1fr)); } .keys dd { font-size: 1.4rem; }
  .keys div:last-child:nth-child(odd) { grid-column: 1 / -1; }
  .wide thead { position: absolute; clip-path: inset(50%); height: 1px; width: 1px; overflow: hidden; }
  .wide, .wide tbody, .wide tr, .wide caption { display: block; }
  .wide tr { padding: .55rem 0; border-bottom: 1px solid var(--line); }
  .wide th, .wide td { display: flex; justify-content: space-between; gap: 1rem; border: 0; padding: .12rem 0;
  text-align: right; }
  .wide tbody th { font-weight: 620; } .wide td::before { content: attr(data-label); color: var(--quiet); text-align: left; }
  .marked { background: var(--current); box-shadow: 0 0 0 .4rem var(--current); } .marked th { box-shadow: none; }
}
@media print { body { max-width: none; } nav, .back { display: none; }
  article.card { break-inside: avoid; content-visibility: visible; } }
"""
STYLE = COLOURS + SHAPES
