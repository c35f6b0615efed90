"use strict";
// Everything can be read without this script: it adds copying, sorting, filtering and whole prints.
const element = (name, text) => Object.assign(document.createElement(name), { textContent: text });

function copied(button, code) {
  const selection = getSelection();
  const range = document.createRange();
  range.selectNodeContents(code);
  selection.removeAllRanges();
  selection.addRange(range);
  const done = document.execCommand("copy");
  button.textContent = done ? "Copied" : "Press Ctrl+C";
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
}

for (const line of document.querySelectorAll(".copyable")) {
  const button = element("button", "Copy");
  const code = line.querySelector("code");
  button.className = "copy";
  button.type = "button";
  button.setAttribute("aria-label", `Copy ${code.title}`);
  button.addEventListener("click", () => copied(button, code));
  line.append(button);
}

const value = (row, column) => {
  const cell = row.cells[column];
  return cell.dataset.sort === undefined ? cell.textContent.trim().toLowerCase() : Number(cell.dataset.sort);
};

function sort(table, column, header) {
  const descending = header.getAttribute("aria-sort") === null ? typeof value(table.tBodies[0].rows[0], column) === "number" : header.getAttribute("aria-sort") === "ascending";
  const rows = [...table.tBodies[0].rows].map((row, place) => [value(row, column), place, row]);
  rows.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0) * (descending ? -1 : 1) || a[1] - b[1]);
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", descending ? "descending" : "ascending");
  table.tBodies[0].append(...rows.map((entry) => entry[2]));
}

function filterable(table, number) {
  const tools = element("div", "");
  const label = element("label", "Show rows that contain");
  const input = element("input", "");
  const count = element("span", "");
  tools.className = "tools";
  input.type = "search";
  input.id = label.htmlFor = `filter-${number}`;
  count.setAttribute("role", "status");
  input.addEventListener("input", () => {
    const wanted = input.value.toLowerCase();
    let shown = 0;
    for (const row of table.tBodies[0].rows) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
      shown += row.hidden ? 0 : 1;
    }
    count.textContent = `${shown} of ${table.tBodies[0].rows.length} rows`;
  });
  tools.append(label, input, count);
  table.closest(".scroll").before(tools);
}

document.querySelectorAll("table.sortable").forEach((table, number) => {
  if (table.tBodies[0].rows.length < 2) return;
  [...table.tHead.rows[0].cells].forEach((header, column) => {
    const button = element("button", header.textContent);
    button.type = "button";
    button.addEventListener("click", () => sort(table, column, header));
    header.replaceChildren(button);
  });
  filterable(table, number);
});

addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((one) => { one.open = true; }));
