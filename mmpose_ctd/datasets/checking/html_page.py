def html_page(report, thresholds, show_ids):
    return ''
