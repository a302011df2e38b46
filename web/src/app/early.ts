// Runs before the first paint, outside the bundle: the theme and language that this browser chose.
const root = document.documentElement;
try {
    const theme = localStorage.getItem("skep.theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    const lang = localStorage.getItem("skep.lang") ?? navigator.language;
    root.lang = lang.startsWith("zh") ? "zh-Hans" : "en";
} catch {
    // Storage may be switched off: the system's theme and English serve.
}
