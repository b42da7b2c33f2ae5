// Dark and light.
export function switchTheme() {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const other = (root.dataset.theme || system) === "dark" ? "light" : "dark";
  if (other === system) {
    delete root.dataset.theme;
    localStorage.removeItem("traced-theme");
  } else {
    root.dataset.theme = other;
    localStorage.setItem("traced-theme", other);
  }
}
