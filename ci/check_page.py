#!/usr/bin/env python3
"""Looks at pages of `frugal report --format html` in headless Chromium: ci/check_page.py FRUGAL [RUN...]

Each page is opened in a frame as wide as a phone and in one as wide as a desktop, light and dark. No script error, no
body wider than the frame, text that contrasts (WCAG 2.2, 4.5 to 1), headings in order, each id once, nothing from
outside; tables sort by buttons that take the keyboard's focus. Without RUN:
published runs, and a small one made here, whose page has pictures. Exit 77 where there is no Chromium: skipped.
"""
import html
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
RUNS = ["paper_cadc_ml1m", "paper_enrp", "gpu_perf_recommenders"]
SKIPPED = 77

# Runs within the page, before and after its own script; says what it found to the frame around it.
WATCH = "<script>window.problems = []; addEventListener('error', e => problems.push('script error: ' + e.message));</script>"
PROBE = r"""<script>
const problem = text => problems.push(text);
const channels = colour => colour.match(/[\d.]+/g).map(Number);
const luminance = ([r, g, b]) => [r, g, b].map(c => c / 255).map(c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
  .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
const behind = element => {
  for (let e = element; e; e = e.parentElement) {
    const c = channels(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] > 0) return c;
  }
  return [255, 255, 255];
};
const look = () => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) problem(`the page is ${document.documentElement.scrollWidth} wide`);
  const found = new Set();
  for (const e of document.querySelectorAll('body *')) {
    const svg = e.tagName === 'text';
    if (!svg && ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
    if (['SCRIPT', 'STYLE'].includes(e.tagName) || e.closest('[hidden]') || !e.getClientRects().length) continue;
    const style = getComputedStyle(e), [a, b] = [channels(svg ? style.fill : style.color), behind(e)].map(luminance);
    const contrast = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (contrast < 4.5) found.add(`contrast ${contrast.toFixed(2)} of <${e.tagName.toLowerCase()} class="${e.className.baseVal ?? e.className}">`);
    const size = parseFloat(style.fontSize) * (svg ? Math.hypot(e.getScreenCTM().a, e.getScreenCTM().b) : 1);
    if (size < 9.5) found.add(`text of ${size.toFixed(1)} pixels in <${e.tagName.toLowerCase()}>`);
  }
  found.forEach(problem);
  for (const svg of document.querySelectorAll('svg')) {
    if (!svg.getClientRects().length) continue;
    const texts = [...svg.querySelectorAll('text')].map(e => [e.textContent, e.getBoundingClientRect()]);
    const frame = svg.getBoundingClientRect();
    texts.forEach(([text, a], i) => {
      if (a.left < frame.left - 1 || a.right > frame.right + 1) problem(`"${text}" leaves its figure`);
      for (const [other, b] of texts.slice(i + 1)) {
        const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (across > 1 && down > 3) problem(`"${text}" covers "${other}"`);
      }
    });
  }
  let level = 0;
  for (const e of document.querySelectorAll('h1, h2, h3')) {
    const own = Number(e.tagName[1]);
    if (own > level + 1) problem(`<h${own}> after <h${level}>: ${e.textContent}`);
    level = own;
  }
  if (document.querySelectorAll('h1').length !== 1) problem('not one <h1>');
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  ids.filter((id, i) => ids.indexOf(id) !== i).forEach(id => problem(`id ${id} twice`));
  for (const e of document.querySelectorAll('[src], link, image'))
    if (!(e.getAttribute('src') ?? '').startsWith('data:')) problem('something from outside');
  for (const e of document.querySelectorAll('img')) if (!e.naturalWidth) problem(`no picture: ${e.alt}`);
  const words = document.body.innerText.replaceAll(/-fsanitize=\S+/g, '');  // of a build's flags: address,undefined
  if (/\bNaN\b|undefined|\binf\b/.test(words)) problem('a broken value');
  for (const table of document.querySelectorAll('table')) {
    const rows = () => [...table.tBodies[0].rows].map(r => r.textContent).join('\n');
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = head.querySelector('button'), values = () => [...table.tBodies[0].rows].map(r => r.cells[column].dataset.v)
        .filter(v => v !== undefined).map(Number);
      button.focus({preventScroll: true});
      if (document.activeElement !== button) problem('a heading without focus');
      const before = rows();
      for (const [order, sign] of [['ascending', 1], ['descending', -1]]) {
        button.click();
        const sorted = values();
        if (head.getAttribute('aria-sort') !== order) problem(`no ${order} order of ${button.textContent}`);
        if (sorted.some((v, i) => i && sign * (v - sorted[i - 1]) < 0)) problem(`${button.textContent} is not in order`);
      }
      button.click();
      if (rows() !== before) problem(`${button.textContent}: the order of the plan is lost`);
    });
    const box = table.closest('.scroll');
    if (box.tabIndex !== 0) problem('a table that the keyboard cannot scroll');
    if (getComputedStyle(table.tHead.rows[0].cells[0]).position !== 'sticky') problem('a head that does not stay');
  }
  const mark = [...document.querySelectorAll('.mark')].find(e => e.getClientRects().length);
  if (mark) {
    mark.dispatchEvent(new PointerEvent('pointerover', {bubbles: true}));
    if (document.getElementById('tip').hidden) problem('a point says nothing');
  }
};
addEventListener('load', () => {
  try { look(); } catch (e) { problem(`stopped short: ${e.message}`); }
  parent.postMessage({width: innerWidth, paper: getComputedStyle(document.body).backgroundColor, problems}, '*');
});
</script>"""
FRAME = """<!DOCTYPE html><meta charset="utf-8"><body><pre id="found"></pre><script>
const found = [];
addEventListener('message', e => { found.push(e.data); document.getElementById('found').textContent = JSON.stringify(found); });
</script><iframe src="page.html" width="390" height="844"></iframe><iframe src="page.html" width="1280" height="900"></iframe>"""


def found_in(chromium: str, folder: pathlib.Path, dark: bool) -> list[dict]:
    """What the page in the folder says of itself, at each width."""
    scheme = "--blink-settings=preferredColorScheme=" + ("0" if dark else "1")
    dom = subprocess.run(
        [chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files", scheme,
         f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=20000", "--dump-dom",
         (folder / "frame.html").as_uri()], capture_output=True, text=True, timeout=100).stdout
    text = re.search(r'<pre id="found">(.*?)</pre>', dom, re.S)
    return json.loads(html.unescape(text[1])) if text and text[1] else []


def problems_of(chromium: str, page: str) -> list[str]:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "page.html").write_text(page.replace("<head>", "<head>" + WATCH, 1).replace("</body>", PROBE + "</body>"))
        (folder / "frame.html").write_text(FRAME)
        found = {dark: found_in(chromium, folder, dark) for dark in (False, True)}
    problems = []
    for dark, pages in found.items():
        if sorted(p["width"] for p in pages) != [390, 1280]:
            problems.append(f"{'dark' if dark else 'light'}: the page did not load")
        for shown in pages:
            problems += [f"{shown['width']} pixels, {'dark' if dark else 'light'}: {p}" for p in shown["problems"]]
    if {p["paper"] for p in found[False]} & {p["paper"] for p in found[True]}:
        problems.append("dark and light are the same")
    return problems


def pictures_run(frugal: str, folder: pathlib.Path) -> pathlib.Path:
    plan = folder / "pictures.yaml"
    plan.write_text("{schema: 1, name: pictures, workload: inr, backend: cpu, dataset: synthetic-photo, seeds: [1, 2],\n"
                    " params: {inr: {size: 32, steps: 5, hidden_layers: 1, width: 8}}, matrix: {params.inr.grid: [1, 2]}}\n")
    subprocess.run([frugal, "run", plan, "--out", folder / "pictures"], capture_output=True, check=True)
    return folder / "pictures"


def main() -> int:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        print("ci/check_page.py: no Chromium here (ci/setup.sh --page installs it), so the page was not looked at")
        return SKIPPED
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        runs = [pathlib.Path(run) for run in sys.argv[2:]] or [
            *(ROOT / "results/published" / name for name in RUNS), pictures_run(sys.argv[1], pathlib.Path(folder))]
        for run in runs:
            page = subprocess.run([sys.argv[1], "report", run, "--format", "html"], capture_output=True, text=True,
                                  check=True).stdout
            problems = problems_of(chromium, page)
            if run.name == "pictures" and page.count("<img ") != 6:
                problems.append("not three pictures a row")
            for problem in problems:
                print(f"{run}: {problem}")
            failed = failed or bool(problems)
            print(f"page of {run.name}: {'failed' if problems else 'ok'}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
