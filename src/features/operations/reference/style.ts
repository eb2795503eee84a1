/** The style of the docs' pages, in light and dark. */
export const REFERENCE_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf7; --card: #ffffff; --ink: #1d1c1a; --soft: #65625c; --line: #e6e2da;
  --accent: #0f6b5c; --code: #f1eee7; --night: #1f2326; --night-ink: #e8e6e1; --night-soft: #9aa3a6;
  --get: #0f6b5c; --post: #2a5bb8; --put: #95600b; --patch: #95600b; --delete: #b3372c;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #16181a; --card: #1c1f21; --ink: #e9e6df; --soft: #a09c94; --line: #2d3134;
    --accent: #63c7b2; --code: #262a2d; --night: #101214; --night-ink: #e8e6e1;
    --get: #63c7b2; --post: #8fb2f5; --put: #e0ac58; --patch: #e0ac58; --delete: #f08a7f;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html { scroll-behavior: smooth; scroll-padding-top: 1.5rem; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body {
  margin: 0; display: grid; grid-template-columns: 18rem minmax(0, 1fr);
  background: var(--paper); color: var(--ink);
  font: 15px/1.6 ui-sans-serif, system-ui, -apple-system, "Segoe UI", sans-serif;
}
body.page { display: block; max-width: 46rem; margin: 0 auto; padding: 3rem 1.5rem 6rem; }
a { color: var(--accent); text-underline-offset: 3px; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
code, pre { font: 13px/1.55 ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace; }
p code, li code, .note code, td code { background: var(--code); border-radius: 4px; padding: .1em .35em; }
h1, h2, h3 { line-height: 1.25; letter-spacing: -.01em; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }

nav {
  position: sticky; top: 0; height: 100vh; overflow-y: auto; padding: 1.5rem 1rem 3rem;
  border-right: 1px solid var(--line); scrollbar-width: thin;
}
.brand { display: block; padding: 0 .5rem; font-weight: 650; font-size: 1.1rem; color: var(--ink); text-decoration: none; }
.brand small { font-weight: 400; color: var(--soft); font-size: .8rem; }
.search input {
  width: 100%; margin: 1rem 0 .25rem; padding: .5rem .75rem; border: 1px solid var(--line); border-radius: 8px;
  background: var(--card); color: var(--ink); font: inherit;
}
nav h2 { margin: 1.25rem .5rem .25rem; font-size: .72rem; letter-spacing: .08em; text-transform: uppercase; color: var(--soft); }
nav ul { list-style: none; margin: 0; padding: 0; }
nav li a {
  display: flex; gap: .6rem; align-items: baseline; padding: .28rem .5rem; border-radius: 6px;
  color: var(--ink); text-decoration: none; font-size: .86rem; line-height: 1.4;
}
nav li a:hover, nav li a.here { background: var(--code); }
nav .method { flex: 0 0 2.9rem; font-size: .62rem; text-align: right; padding: 0; }

.method { font-weight: 700; font-size: .74rem; letter-spacing: .04em; }
.method.get { color: var(--get); } .method.post { color: var(--post); } .method.put { color: var(--put); }
.method.patch { color: var(--patch); } .method.delete { color: var(--delete); }

main { padding: 2.5rem clamp(1.25rem, 4vw, 4rem) 8rem; max-width: 84rem; }
main header p { max-width: 44rem; color: var(--soft); font-size: 1.02rem; }
main h1 { font-size: 2.1rem; margin: 0 0 .75rem; }
.links a { margin-right: 1.5rem; }
h2.tag { font-size: 1.5rem; margin: 4rem 0 .25rem; padding-top: 2rem; border-top: 1px solid var(--line); }
h2.tag + p { margin-top: 0; color: var(--soft); max-width: 44rem; }
article { margin: 1.75rem 0; padding: 1.5rem 1.6rem; background: var(--card); border: 1px solid var(--line); border-radius: 14px; }
article:target { border-color: var(--accent); box-shadow: 0 0 0 1px var(--accent); }
h3 { margin: 0; font-size: 1.12rem; } h3 a { color: inherit; text-decoration: none; } h3 a:hover { text-decoration: underline; }
.route { display: flex; flex-wrap: wrap; gap: .3rem .7rem; align-items: baseline; margin: .45rem 0 1rem; }
.route code { background: none; padding: 0; font-size: .92rem; } .route b { color: var(--accent); font-weight: 600; }
.access { margin-left: auto; padding: .05rem .6rem; border: 1px solid var(--line); border-radius: 99px; color: var(--soft); font-size: .76rem; white-space: nowrap; }
.columns { display: grid; grid-template-columns: minmax(0, 1.15fr) minmax(0, 1fr); gap: 2.5rem; }
.columns p { margin: 0 0 .8rem; }
h4 { margin: 1.3rem 0 .4rem; font-size: .74rem; letter-spacing: .07em; text-transform: uppercase; color: var(--soft); }
h4:first-child { margin-top: 0; } h4 small { letter-spacing: 0; text-transform: none; font-weight: 400; }
.fields { list-style: none; margin: 0; padding: 0; }
.fields > li { padding: .5rem 0; border-top: 1px solid var(--line); }
.fields > li:first-child { border-top: 0; }
.fields .fields { margin: .4rem 0 0 .3rem; padding-left: .9rem; border-left: 2px solid var(--line); }
.name { font-weight: 650; background: none !important; padding: 0 !important; }
.type, .limits, .where { color: var(--soft); font-size: .84rem; overflow-wrap: anywhere; }
.limits::before { content: "· "; }
.where { float: right; }
.required { color: var(--delete); font-size: .76rem; }
.note { color: var(--soft); font-size: .9rem; }
.answer { margin: .35rem 0 !important; } .answer summary { cursor: pointer; }
.problem { color: var(--soft); font-size: .9rem; } .problem b, summary b { display: inline-block; min-width: 2.3rem; color: var(--ink); }

figure { margin: 0 0 1rem; background: var(--night); color: var(--night-ink); border-radius: 10px; overflow: hidden; }
.examples { position: sticky; top: 1.5rem; align-self: start; min-width: 0; }
figcaption { display: flex; justify-content: space-between; padding: .5rem .9rem 0; font-size: .74rem; color: var(--night-soft); }
figcaption button { border: 0; background: none; color: inherit; font: inherit; cursor: pointer; padding: 0; }
figcaption button:hover { color: var(--night-ink); }
pre { margin: 0; padding: .5rem .9rem .9rem; overflow: auto; max-height: 24rem; }

table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .45rem .75rem .45rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
@media (max-width: 68rem) { .columns { grid-template-columns: minmax(0, 1fr); gap: 1rem; } .examples { position: static; } }
@media (max-width: 48rem) {
  body { display: block; }
  nav { position: static; height: auto; max-height: 34vh; border-right: 0; border-bottom: 1px solid var(--line); }
}
@media print { nav, figcaption button { display: none; } body { display: block; } }
`;
