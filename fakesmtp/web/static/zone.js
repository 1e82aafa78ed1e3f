// Runs before the page is painted: the server writes dates in the zone of this browser.
{
  const root = document.documentElement;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
  if (zone && root.dataset.zone !== zone && !document.cookie.includes(`zone=${zone}`)) {
    document.cookie = `zone=${zone}; path=/; max-age=31536000; samesite=strict`;
    if (document.cookie.includes(`zone=${zone}`)) location.reload();
  }
}
